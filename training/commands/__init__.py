"""The training side of the `vericlip` command, one subcommand a file."""
