"""Addresses of a class: where pupils open it, and its QR picture."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import segno
import streamlit as st

from trainer.classroom.console import PAGE, class_link, teacher_link
from ui.address import current_address


def server() -> str:
    """Return the address of the app as other computers open it, such as http://192.0.2.1:8501.

    It is the address in this browser or, if that works on this computer alone, the one that the server was started
    with for a class.
    """
    url = urlsplit(st.context.url or "http://localhost")
    folder = url.path.rstrip("/").removesuffix(f"/{PAGE}")
    named = str(st.get_option("browser.serverAddress") or "")
    host, port = url.hostname or "localhost", f":{url.port}" if url.port else ""
    if is_local(host) and named:
        host = named
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}{port}{folder}"


def is_local(host: str) -> bool:
    """Tell whether a host name leads only to the computer itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_reachable() -> bool:
    """Tell whether other computers can open the address of the app."""
    return not is_local(urlsplit(server()).hostname or "")


def for_pupils(code: str) -> str:
    """Return the address at which pupils join."""
    return class_link(server(), code)


def for_teacher(code: str, secret: str) -> str:
    """Return the teacher's link."""
    return teacher_link(server(), code, secret)


def shown() -> str:
    """Return the address that pupils type, without what browsers add."""
    return f"{server().removeprefix('http://')}/{PAGE}"


def qr_url(text: str) -> str:
    """Return a QR picture as the data URL of an SVG image, black on white in both themes."""
    return str(segno.make(text, error="m").svg_data_uri(dark="#000", light="#fff", border=2))


def is_at_server() -> bool:
    """Tell whether this visitor sits at the computer that runs the server, and not behind a proxy on it."""
    return not current_address() and not st.context.headers.get_all("X-Forwarded-For")
