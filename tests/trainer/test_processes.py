"""Short processes of our own: what they return, and how they refuse or fail."""

import subprocess

import pytest

from trainer import UserError, processes


def test_a_helper_returns_what_it_writes():
    assert processes.run_helper("json.tool", ["--compact"], b'{"a": 1}', timeout=60) == b'{"a":1}\n'


def test_a_helper_that_fails_is_no_sentence_for_the_user(caplog):
    with pytest.raises(subprocess.CalledProcessError):
        processes.run_helper("json.tool", [], b"no JSON", timeout=60)
    assert "json.tool failed (status 1)" in caplog.text


def test_a_refusal_ends_the_process_with_its_sentence(capsys):
    with pytest.raises(SystemExit) as ended, processes.refusing():
        raise UserError("Epochs must be at least 1 (got −1).")
    assert ended.value.code == processes.REFUSED
    assert capsys.readouterr().err == "Epochs must be at least 1 (got −1).\n"
