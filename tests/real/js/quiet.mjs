// The SDK logs to the console; stdout belongs to the protocol. Imported first, before the SDK takes hold of it.
for (const name of ["log", "info", "debug", "trace"]) console[name] = () => {};
for (const name of ["warn", "error"]) console[name] = (...words) => process.stderr.write(words.map(String).join(" ") + "\n");
