"""The subcommands of `vericlip` that serve and analyse."""
