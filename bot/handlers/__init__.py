"""What happens for an event: inbox row in; state, audit and outbox rows out, in one transaction."""
