"""The command `texnet`: parses, calls the core, shows what the core reports. Decides nothing itself."""
