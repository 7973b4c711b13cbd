"""The commands of `gfla`, a module each, and the table that they are run by."""
