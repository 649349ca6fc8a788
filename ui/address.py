"""Network address of a visitor, for the limits that visitors of one address share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network

import streamlit as st

PREFIX = 64  # bits of an IPv6 address: whoever has one has all that begin with them


def current_address() -> str:
    """Return the network address of this session's visitor, or "" if it is unknown or this computer's."""
    peer = st.context.ip_address or "127.0.0.1"
    return visitor_address(peer, st.context.headers.get_all("X-Forwarded-For"), os.environ.get("DIGITLAB_PROXY", ""))


def visitor_address(peer: str, forwarded: Sequence[str], proxies: str) -> str:
    """Return the address that a visitor comes from, or "" for this computer and for anything that is no address.

    peer: the other end of the connection; forwarded: the X-Forwarded-For headers, believed only as far as proxies wrote
    them; proxies: addresses and networks separated by commas. IPv6 addresses are cut to their network.
    """
    trusted = [
        ip_network(text, strict=False) for part in proxies.split(",") if (text := part.strip()) and _is_network(text)
    ]
    hops = [part.strip() for header in forwarded for part in header.split(",")]
    try:
        address = ip_address(peer)
        while hops and any(address in network for network in trusted):
            address = ip_address(hops.pop())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            address = address.ipv4_mapped
        else:
            return "" if address.is_loopback else str(IPv6Network((address, PREFIX), strict=False))
    return "" if address.is_loopback else str(address)


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
