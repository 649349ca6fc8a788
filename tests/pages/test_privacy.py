"""My data page without a browser: the list, the zip, and the deletion with its confirmation."""

import zipfile
from io import BytesIO

import numpy as np
from streamlit.testing.v1 import AppTest

from harness.waiting import wait_for
from tests.support.apps import TINY, open_page, texts
from trainer.classroom.classrooms import Classrooms
from trainer.runs.owner import owner_hash
from ui import background
from ui.privacy import copies

ME = "my token"
IMAGE = np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28)


def page_of_me(app: AppTest) -> AppTest:
    app.session_state.owner = ME
    app.run()
    engine = app.session_state.engine
    engine.collection(ME).add(IMAGE, 7, 1)
    engine.runs.create(TINY, owner_hash(ME)).update(phase="interrupted")
    classroom, _ = Classrooms(engine.runs.root).open("6b <i>")
    classroom.join(owner_hash(ME), "Ada")
    return app.switch_page("pages/privacy.py").run()


def table(app: AppTest) -> str:
    return next(element.body for element in app.html if "<table" in element.body)


def test_a_newcomer_sees_that_there_is_nothing(app: AppTest) -> None:
    open_page(app, "privacy")
    assert not app.exception and "0 runs" in table(app) and "digit_lab_owner" in table(app)
    assert app.button(key="my_data.ask_delete").disabled


def test_everything_is_listed(app: AppTest) -> None:
    page_of_me(app)
    assert not app.exception
    for text in ("1 labeled drawing", "1 run", "6b &lt;i&gt;: Ada, 0 digits"):
        assert text in table(app)


def test_the_zip_is_made_in_the_background(app: AppTest) -> None:
    page_of_me(app)
    app.button(key="my_data.pack").click().run()

    def saved() -> bool:
        app.run()
        return any(button.proto.label == "Save the zip" for button in app.get("download_button"))

    assert wait_for(saved) and not app.exception
    (copy,) = copies._copies.values()
    with zipfile.ZipFile(BytesIO(copy.read())) as archive:
        assert "drawings/drawings.npz" in archive.namelist()
    copies.forget(ME)


def test_everything_is_deleted_after_a_confirmation_that_says_what_goes(app: AppTest) -> None:
    page_of_me(app)
    app.button(key="my_data.ask_delete").click().run()
    assert "Delete 1 drawing, 1 run, your nickname Ada and 0 digits in 6b" in texts(app).replace("\\", "")
    assert "The cookie stays" in texts(app)
    app.button(key="my_data.keep").click().run()
    assert not app.button(key="my_data.ask_delete").disabled
    app.button(key="my_data.ask_delete").click().run()
    app.button(key="my_data.delete").click().run()
    wait_for(lambda: background.find(("deletion of my data", ME)) is None or app.run().success)
    assert not app.exception and "Everything is deleted" in app.success[0].value and "0 runs" in table(app)
    engine = app.session_state.engine
    assert engine.runs.runs() == [] == engine.runs.deleted() and not engine.collection(ME).path.parent.exists()
    assert Classrooms(engine.runs.root).all()[0].members() == []
