// The other side in the tests: accounts on Element Web's own SDK, driven over JSON lines.
//
// In:  {"id": 1, "who": "warga", "do": "text", "room": "!r", "body": "…"}
// Out: {"id": 1, "ok": {…}} or {"id": 1, "error": "…"}, and for every timeline event, again whenever its
//      decryption changes: {"who": "warga", "event": {…}}.
import "./quiet.mjs";
import { webcrypto, createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";
import { AllDevicesIsolationMode, OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";

logger.setLevel?.("warn");
const out = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const accounts = new Map();

/** Waits until `holds` returns something true; looked at again after every sync and state change. */
function until(client, what, holds, seconds = 60) {
    return new Promise((resolve, reject) => {
        const look = () => {
            const found = holds();
            if (!found) return;
            clearTimeout(timer);
            for (const name of watched) client.off(name, look);
            resolve(found);
        };
        const watched = [sdk.ClientEvent.Sync, sdk.RoomStateEvent.Events, sdk.RoomEvent.MyMembership, sdk.ClientEvent.Room];
        const timer = setTimeout(() => {
            for (const name of watched) client.off(name, look);
            reject(new Error(`waited ${seconds} s for ${what}`));
        }, seconds * 1000);
        for (const name of watched) client.on(name, look);
        look();
    });
}

function seen(event) {
    const wire = event.getWireType();
    return {
        event_id: event.getId(),
        room_id: event.getRoomId(),
        sender: event.getSender(),
        type: event.getType(),
        state_key: event.getStateKey() ?? null,
        content: event.getContent(),
        // The clear part of an encrypted event (relations travel there).
        wire_content: event.getWireContent(),
        ts: event.getTs(),
        encrypted: wire === "m.room.encrypted",
        failure: event.isDecryptionFailure() ? (event.decryptionFailureReason ?? "unknown") : null,
        redacted: event.isRedacted(),
        redacts: event.getAssociatedId?.() ?? null,
    };
}

function watch(who, client) {
    const report = (event) => {
        // A local echo has no event id of the server's yet; its real self follows.
        if (!event.getId()?.startsWith("$")) return;
        const waits = event.isEncrypted() && !event.isDecryptionFailure() && event.getType() === "m.room.encrypted";
        if (!event.isRedacted() && (event.isBeingDecrypted() || waits)) return;
        out({ who, event: seen(event) });
    };
    client.on(sdk.RoomEvent.Timeline, report);
    client.on(sdk.RoomEvent.LocalEchoUpdated, report);
    client.on(sdk.RoomEvent.Redaction, (redaction, room) => {
        const target = room.findEventById(redaction.getAssociatedId());
        if (target) report(target);
    });
    client.on(sdk.MatrixEventEvent.Decrypted, report);
}

async function encrypted(bytes) {
    const key = await webcrypto.subtle.generateKey({ name: "AES-CTR", length: 256 }, true, ["encrypt", "decrypt"]);
    const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)]);
    const ciphertext = Buffer.from(await webcrypto.subtle.encrypt({ name: "AES-CTR", counter: iv, length: 64 }, key, bytes));
    const unpadded = (buffer) => buffer.toString("base64").replace(/=+$/, "");
    return {
        ciphertext,
        file: {
            v: "v2",
            key: await webcrypto.subtle.exportKey("jwk", key),
            iv: unpadded(iv),
            hashes: { sha256: unpadded(createHash("sha256").update(ciphertext).digest()) },
        },
    };
}

async function decrypted(bytes, file) {
    const digest = createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "");
    if (digest !== file.hashes.sha256.replace(/=+$/, "")) throw new Error("hash of the attachment differs");
    const key = await webcrypto.subtle.importKey("jwk", file.key, { name: "AES-CTR" }, false, ["decrypt"]);
    return Buffer.from(await webcrypto.subtle.decrypt({ name: "AES-CTR", counter: Buffer.from(file.iv, "base64"), length: 64 }, key, bytes));
}

/** Uploads a file as the room needs it: {url} in clear rooms, {file} in encrypted ones. */
async function attachment(client, room, bytes, mimetype) {
    const crypto = client.getCrypto();
    if (!(crypto && (await crypto.isEncryptionEnabledInRoom(room)))) {
        const { content_uri } = await client.uploadContent(bytes, { type: mimetype, includeFilename: false });
        return { url: content_uri };
    }
    const { ciphertext, file } = await encrypted(bytes);
    const { content_uri } = await client.uploadContent(ciphertext, { type: "application/octet-stream", includeFilename: false });
    return { file: { ...file, url: content_uri } };
}

function related({ thread, reply_to, mentions }) {
    const extra = {};
    if (thread) {
        extra["m.relates_to"] = { rel_type: "m.thread", event_id: thread, is_falling_back: !reply_to, "m.in_reply_to": { event_id: reply_to ?? thread } };
    } else if (reply_to) {
        extra["m.relates_to"] = { "m.in_reply_to": { event_id: reply_to } };
    }
    if (mentions) extra["m.mentions"] = { user_ids: mentions };
    return extra;
}

const deeds = {
    /** `signed_only` is what clients that enforce MSC4153 do; `crypto: false` is a client without encryption. */
    async login(_, { who, url, user, password, device_id, signed_only = true, cross_sign = true, crypto = true }) {
        const anonymous = sdk.createClient({ baseUrl: url });
        const login = await anonymous.loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password,
            ...(device_id ? { device_id } : {}),
        });
        const client = sdk.createClient({ baseUrl: url, userId: login.user_id, deviceId: login.device_id, accessToken: login.access_token, useAuthorizationHeader: true });
        if (crypto) {
            await client.initRustCrypto({ useIndexedDB: false });
            client.getCrypto().setDeviceIsolationMode(signed_only ? new OnlySignedDevicesIsolationMode() : new AllDevicesIsolationMode(false));
        }
        watch(who, client);
        await client.startClient({ initialSyncLimit: 50, lazyLoadMembers: true });
        await until(client, "the first sync", () => client.isInitialSyncComplete());
        if (crypto && cross_sign) {
            await client.getCrypto().bootstrapCrossSigning({
                authUploadDeviceSigningKeys: (upload) => upload({ type: "m.login.password", identifier: { type: "m.id.user", user: login.user_id }, password }),
            });
        }
        accounts.set(who, client);
        return { user_id: login.user_id, device_id: login.device_id, access_token: login.access_token };
    },

    async create_room(client, { options, wait_for_encryption = false }) {
        const { room_id } = await client.createRoom(options);
        await until(client, "the new room", () => client.getRoom(room_id));
        if (wait_for_encryption) await until(client, "encryption", () => client.getRoom(room_id).hasEncryptionStateEvent());
        return { room_id };
    },

    async dm(client, { with: user, encrypt = true }) {
        const encryption = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
        const { room_id } = await deeds.create_room(client, {
            options: { preset: "trusted_private_chat", is_direct: true, invite: [user], initial_state: encrypt ? [encryption] : [] },
            wait_for_encryption: encrypt,
        });
        return { room_id };
    },

    /** By alias or id; `via`: servers to join through, which the id of a room elsewhere needs. */
    async join(client, { room, via }) {
        const joined = await client.joinRoom(room, via ? { viaServers: via } : {});
        await until(client, "joining", () => client.getRoom(joined.roomId)?.getMyMembership() === "join");
        return { room_id: joined.roomId };
    },

    async leave(client, { room }) {
        await client.leave(room);
        return {};
    },

    async invite(client, { room, user }) {
        await client.invite(room, user);
        return {};
    },

    /** Until `user` has this membership in the room, as this client sees it. */
    async wait_member(client, { room, user, membership = "join", seconds = 60 }) {
        // Members are loaded lazily: of a room joined over federation the timeline may show us alone. Whoever was put
        // out may not ask, and has what the syncs brought.
        await client.getRoom(room)?.loadMembersIfNeeded().catch(() => {});
        await until(client, `${user} to ${membership}`, () => client.getRoom(room)?.getMember(user)?.membership === membership, seconds);
        return {};
    },

    async send(client, { room, type = "m.room.message", content, txn_id }) {
        const { event_id } = await client.sendEvent(room, null, type, content, txn_id);
        return { event_id };
    },

    async state(client, { room, type, state_key = "", content }) {
        const { event_id } = await client.sendStateEvent(room, type, content, state_key);
        return { event_id };
    },

    async text(client, { room, body, msgtype = "m.text", ...relation }) {
        return deeds.send(client, { room, content: { msgtype, body, ...related(relation) } });
    },

    /** A push-to-talk note (MSC3245), or with `voice: false` plain audio. `claim` overrides what `info` says. */
    async voice(client, { room, path, duration_ms, mimetype = "audio/ogg", voice = true, waveform = [], claim = {}, ...relation }) {
        const bytes = await readFile(path);
        const content = {
            msgtype: "m.audio",
            body: voice ? "Voice message" : basename(path),
            info: { duration: duration_ms, mimetype, size: bytes.length, ...claim },
            ...(await attachment(client, room, bytes, mimetype)),
            ...related(relation),
        };
        if (voice) {
            content["org.matrix.msc1767.audio"] = { duration: duration_ms, waveform };
            content["org.matrix.msc3245.voice"] = {};
        }
        return { ...(await deeds.send(client, { room, content })), content };
    },

    async file(client, { room, path, mimetype = "application/octet-stream", msgtype = "m.file", claim = {}, ...relation }) {
        const bytes = await readFile(path);
        const content = {
            msgtype,
            body: basename(path),
            info: { mimetype, size: bytes.length, ...claim },
            ...(await attachment(client, room, bytes, mimetype)),
            ...related(relation),
        };
        return { ...(await deeds.send(client, { room, content })), content };
    },

    async react(client, { room, event_id, key }) {
        return deeds.send(client, { room, type: "m.reaction", content: { "m.relates_to": { rel_type: "m.annotation", event_id, key } } });
    },

    async redact(client, { room, event_id, reason }) {
        const answer = await client.redactEvent(room, event_id, undefined, reason ? { reason } : undefined);
        return { event_id: answer.event_id };
    },

    async edit(client, { room, event_id, body, msgtype = "m.text" }) {
        const content = { msgtype, body: `* ${body}`, "m.new_content": { msgtype, body }, "m.relates_to": { rel_type: "m.replace", event_id } };
        return deeds.send(client, { room, content });
    },

    /** Fetches `url` or `file` (an EncryptedFile, its hash checked) to `path`. */
    async download(client, { url, file, path }) {
        const address = client.mxcUrlToHttp(file?.url ?? url, undefined, undefined, undefined, false, true, true);
        const response = await fetch(address, { headers: { Authorization: `Bearer ${client.getAccessToken()}` } });
        if (!response.ok) throw new Error(`download: ${response.status}`);
        let bytes = Buffer.from(await response.arrayBuffer());
        if (file) bytes = await decrypted(bytes, file);
        await writeFile(path, bytes);
        return { size: bytes.length };
    },

    /** What this client holds of another's device: is it signed by its owner? */
    async device_status(client, { user, device }) {
        await client.getCrypto().getUserDeviceInfo([user], true);
        const status = await client.getCrypto().getDeviceVerificationStatus(user, device);
        return status ? { known: true, signed_by_owner: status.signedByOwner } : { known: false, signed_by_owner: false };
    },

    /** How Element would mark an event: shield 0 none, 1 grey, 2 red. */
    async shield(client, { room, event_id }) {
        const event = client.getRoom(room).findEventById(event_id);
        const info = await client.getCrypto().getEncryptionInfoForEvent(event);
        return info ? { colour: info.shieldColour, reason: info.shieldReason } : { colour: null, reason: null };
    },

    /** Makes the next message start a new Megolm session. */
    async rotate(client, { room }) {
        await client.getCrypto().forceDiscardSession(room);
        return {};
    },

    async logout(client) {
        await client.logout(true);
        return {};
    },

    async stop(client, { who }) {
        client.stopClient();
        accounts.delete(who);
        return {};
    },
};

createInterface({ input: process.stdin }).on("line", async (line) => {
    const { id, do: what, ...rest } = JSON.parse(line);
    try {
        const client = accounts.get(rest.who);
        if (!deeds[what]) throw new Error(`unknown deed: ${what}`);
        if (!client && what !== "login") throw new Error(`${rest.who} is not logged in`);
        out({ id, ok: await deeds[what](client, rest) });
    } catch (error) {
        out({ id, error: `${error.name ?? "Error"}: ${error.message ?? error}` });
    }
}).on("close", () => process.exit(0));

process.on("unhandledRejection", (error) => console.error("unhandled:", error?.message ?? error));
out({ ready: true });
