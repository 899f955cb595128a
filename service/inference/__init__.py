"""The networks, in a process of their own that is held in by the kernel."""
