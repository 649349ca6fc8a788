"""Network addresses of visitors: who is believed, and what counts as one address."""

import pytest

from ui.address import visitor_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "address"),
    [
        ("192.0.2.7", [], "", "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "", "192.0.2.7"),  # anybody can write this header
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.8", "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7", "198.51.100.1"),
        ("192.0.2.7", ["203.0.113.9, 198.51.100.1"], " 192.0.2.0/24 ,", "198.51.100.1"),  # the visitor wrote the first
        ("192.0.2.7", ["203.0.113.9", "198.51.100.1, 192.0.2.9"], "192.0.2.0/24", "198.51.100.1"),
        ("192.0.2.7", [], "192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", ["198.51.100.1"], "127.0.0.1", "198.51.100.1"),
        ("127.0.0.1", [], "", ""),
        ("::1", [], "", ""),
        ("192.0.2.7", ["nonsense"], "192.0.2.7", ""),
        ("192.0.2.7", ["198.51.100.1"], "nonsense", "192.0.2.7"),
        ("testclient", [], "", ""),
        ("2001:db8:1:2:3::4", [], "", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", [], "", "192.0.2.7"),
    ],
)
def test_the_address_is_the_peers_unless_that_is_a_proxy(peer, forwarded, proxies, address):
    assert visitor_address(peer, forwarded, proxies) == address
