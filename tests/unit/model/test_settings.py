"""Settings: who wins, where a value came from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamb.model import settings
from lamb.model.errors import SettingInvalid


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "src" / "deep"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "nobody")}


def user_config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "nobody" / ".config" / "lamb" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_each_layer_beats_the_one_below(project: Path, environ, tmp_path: Path):
    def region(flags=None):
        resolved = settings.load(flags, environ, project)
        return resolved.settings.region, resolved.origins["region"]

    assert region() == ("us-east-1", "default")
    user = user_config(tmp_path, 'region = "eu-north-1"')
    assert region() == ("eu-north-1", str(user))
    pyproject = tmp_path / "project" / "pyproject.toml"
    pyproject.write_text('[project]\nname = "x"\n[tool.lamb]\nregion = "eu-west-1"\n')
    assert region() == ("eu-west-1", str(pyproject))
    file = tmp_path / "project" / "lamb.toml"
    file.write_text('region = "eu-west-2"')
    assert region() == ("eu-west-2", str(file))
    environ["LAMB_REGION"] = "eu-west-3"
    assert region() == ("eu-west-3", "LAMB_REGION")
    assert region({"region": "eu-central-1"}) == ("eu-central-1", "--region")


def test_the_nearest_lamb_toml_is_the_only_one_read(project: Path, environ, tmp_path: Path):
    (tmp_path / "project" / "lamb.toml").write_text('region = "eu-west-1"\naccount = "111111111111"')
    (project / "lamb.toml").write_text('region = "eu-west-2"')
    resolved = settings.load(None, environ, project)
    assert resolved.settings.region == "eu-west-2"
    assert resolved.origins["account"] == "default"


def test_a_pyproject_without_our_table_does_not_end_the_search(project: Path, environ, tmp_path: Path):
    (project / "pyproject.toml").write_text('[project]\nname = "lambda-things"\n')
    (tmp_path / "project" / "pyproject.toml").write_text("[tool.lamb]\nlog_max_mb = 7\n")
    assert settings.load(None, environ, project).settings.log_max_mb == 7


@pytest.mark.parametrize("spelled", ["[tool.lamb]\nseed = 3", "tool.lamb.seed = 3", "[tool]\nlamb.seed=3"])
def test_every_spelling_of_the_table_is_read(project: Path, environ, spelled: str):
    (project / "pyproject.toml").write_text(spelled)
    assert settings.load(None, environ, project).settings.seed == 3


def test_the_home_is_in_the_data_directory_by_default(project: Path, environ, tmp_path: Path):
    assert settings.load(None, environ, project).settings.home == tmp_path / "nobody/.local/share/lamb"
    environ["XDG_DATA_HOME"] = "/data"
    assert settings.load(None, environ, project).settings.home == Path("/data/lamb")


def test_a_relative_home_is_relative_to_where_it_was_written(project: Path, environ, tmp_path: Path):
    (tmp_path / "project" / "lamb.toml").write_text('home = ".lamb"')
    assert settings.load(None, environ, project).settings.home == tmp_path / "project" / ".lamb"
    environ["LAMB_HOME"] = "here"
    assert settings.load(None, environ, project).settings.home == project / "here"


def test_an_empty_variable_is_an_unset_one(project: Path, environ):
    environ["LAMB_REGION"] = ""
    assert settings.load(None, environ, project).origins["region"] == "default"


def test_a_flag_that_was_not_given_changes_nothing(project: Path, environ):
    assert settings.load({"region": None}, environ, project).origins["region"] == "default"


def test_an_unknown_key_is_refused_by_file_and_key_and_the_near_one_is_named(project: Path, environ):
    path = project / "lamb.toml"
    path.write_text("idle-exit-s = 5")
    with pytest.raises(SettingInvalid) as refused:
        settings.load(None, environ, project)
    assert refused.value.message == f"`{path}` has an unknown key `idle-exit-s`"
    assert refused.value.hint == "did you mean `idle_exit_s`?"


def test_a_key_like_nothing_we_know_leads_to_the_list(project: Path, environ):
    (project / "lamb.toml").write_text("zzz = 5")
    with pytest.raises(SettingInvalid) as refused:
        settings.load(None, environ, project)
    assert refused.value.hint == "`lamb config list` shows every key"


@pytest.mark.parametrize(
    ("text", "said", "fix"),
    [
        ('idle_exit_s = "ten"', "`idle_exit_s` in `{path}` is 'ten'", "write a whole number from 0 up"),
        ("idle_exit_s = true", "`idle_exit_s` in `{path}` is True", "write a whole number from 0 up"),
        ("log_max_mb = 0", "`log_max_mb` in `{path}` is 0", "write a whole number from 1 up"),
        ('sandbox = "none"', "`sandbox` in `{path}` is 'none'", 'write "auto" or "require"'),
        ('account = "12"', "`account` in `{path}` is '12'", 'write twelve digits: "123456789012"'),
        ("home = 3", "`home` in `{path}` is 3", "write a path"),
        ("runtimes = 3", "`runtimes` in `{path}` is 3", "python3.12"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_its_fix(
    project: Path, environ, text: str, said: str, fix: str
):
    path = project / "lamb.toml"
    path.write_text(text)
    with pytest.raises(SettingInvalid) as refused:
        settings.load(None, environ, project)
    assert refused.value.message == said.format(path=path)
    assert fix in refused.value.hint


def test_a_wrong_variable_is_named_as_the_user_wrote_it(project: Path, environ):
    environ["LAMB_LOG_MAX_MB"] = "much"
    with pytest.raises(SettingInvalid, match="`LAMB_LOG_MAX_MB` is 'much'"):
        settings.load(None, environ, project)


def test_a_file_that_is_not_toml_is_named(project: Path, environ):
    (project / "lamb.toml").write_text("region =")
    with pytest.raises(SettingInvalid, match=r"lamb.toml` is not valid TOML"):
        settings.load(None, environ, project)


def test_interpreters_of_all_layers_come_together(project: Path, environ, tmp_path: Path):
    user_config(tmp_path, '[runtimes]\n"python3.11" = "/a/python"\n"python3.12" = "/b/py"')
    (project / "lamb.toml").write_text('[runtimes]\n"python3.12" = "py/python"')
    resolved = settings.load(None, environ, project)
    assert resolved.settings.runtimes == {"python3.11": "/a/python", "python3.12": str(project / "py/python")}
    assert resolved.origins["runtimes.python3.12"] == str(project / "lamb.toml")


def test_a_daemon_started_with_our_settings_as_variables_has_the_same_settings(project: Path, environ):
    (project / "lamb.toml").write_text(
        'seed = 0\nsandbox = "require"\n[runtimes]\n"python3.12" = "/b/python"'
    )
    ours = settings.load(None, environ, project).settings
    assert settings.load(None, settings.as_environment(ours), Path("/")).settings == ours


def test_every_key_says_what_it_is_about():
    assert [key for key, field in settings.KEYS.items() if not field.metadata.get("about")] == []
