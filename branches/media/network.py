"""Start programs that read hostile files without a network, where the kernel lets an ordinary user do so."""

import shutil
import socket
import subprocess
from functools import cache
from typing import Final

IN_AN_EMPTY_NETWORK: Final = ("--user", "--map-current-user", "--net", "--")


@cache
def without_network() -> tuple[str, ...]:
    """What to put before a command: `unshare` into a network namespace of its own, which holds nothing at all.

    Empty where this process has no network either, and where user namespaces are not to be had, as in most
    containers: there the list of allowed protocols alone keeps ffmpeg from the network.
    """
    unshare = shutil.which("unshare")
    if unshare is None or is_cut_off():
        return ()
    prefix = (unshare, *IN_AN_EMPTY_NETWORK)
    tried = subprocess.run((*prefix, "true"), capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return prefix if tried.returncode == 0 else ()


def is_cut_off() -> bool:
    """Whether this process reaches nothing, not even its own machine: the loopback of a new namespace is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("127.0.0.1", 9))
        except OSError:
            return True
    return False
