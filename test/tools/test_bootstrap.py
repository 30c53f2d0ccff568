"""`make setup`: what it refuses, and what it does not do twice."""

import importlib.util
import sys

import pytest


@pytest.fixture
def bootstrap(repo, monkeypatch):
    monkeypatch.syspath_prepend(repo / "tools")
    spec = importlib.util.spec_from_file_location("bootstrap", repo / "tools" / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bootstrap", module)  # its dataclass looks there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(bootstrap, tmp_path):
    (tmp_path / "venv" / "stamps").mkdir(parents=True)
    return bootstrap.Environment(tmp_path / "venv", sourced="", constraints=())


def test_a_step_is_repeated_only_when_its_inputs_change(bootstrap, environment, tmp_path):
    source, done = tmp_path / "setup.cfg", []
    for text in ("one", "one", "two", "two", "one"):
        source.write_text(text)
        bootstrap.step(environment, "install", [source], lambda: done.append(source.read_text()))
    assert done == ["one", "two", "one"]


def test_a_step_that_failed_is_repeated(bootstrap, environment):
    def fail():
        sys.exit("no network")

    for _ in range(2):
        with pytest.raises(SystemExit, match="no network"):
            bootstrap.step(environment, "install", ["input"], fail)


@pytest.mark.parametrize("version", [(3, 9), (3, 14)])
def test_a_python_without_wheels_is_refused(bootstrap, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    with pytest.raises(SystemExit, match=r"Python 3\.10 to 3\.13, got 3\.(9|14): name one"):
        bootstrap.check_python()


def test_somebody_elses_environment_is_left_alone(bootstrap, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "pyvenv.cfg").write_text("mine")
    with pytest.raises(SystemExit, match="not made by setup"):
        bootstrap.create(tmp_path / "own", sourced="")
    assert (tmp_path / "own" / "pyvenv.cfg").read_text() == "mine"


def test_a_missing_compiler_is_named_with_the_line_that_mends_it(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda tool: None if tool == "c++" else tool)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match=r"sudo apt-get install -y \S+ g\+\+$"):
        bootstrap.install_system_packages("")


def test_a_distribution_that_is_only_named_is_not_sourced(bootstrap, monkeypatch):
    monkeypatch.setenv("ROS_DISTRO", "kilted")
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    assert bootstrap.sourced_ros() == ""


def test_a_sourced_ros_of_another_python_is_refused(bootstrap, monkeypatch, tmp_path):
    (tmp_path / "rclpy.py").write_text("raise ImportError('built for another Python')")
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    monkeypatch.setenv("AMENT_PREFIX_PATH", "/opt/ros/jazzy")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(SystemExit, match="PYTHON=/usr/bin/python3"):
        bootstrap.sourced_ros()


def test_variables_of_another_environments_wheels_are_dropped(bootstrap, monkeypatch):
    monkeypatch.setenv("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "1")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/another/.venv/lib")
    assert "LD_LIBRARY_PATH" not in bootstrap.clean_environ()
    monkeypatch.delenv("_ROS_WHEELS_BOOTSTRAP_COMPLETE")
    assert bootstrap.clean_environ()["LD_LIBRARY_PATH"] == "/another/.venv/lib"


def test_a_distribution_without_wheels_has_to_be_sourced(bootstrap, environment):
    with pytest.raises(SystemExit, match="no wheels of ROS 2 humble: source it"):
        bootstrap.install_wheels(environment, "humble")


def test_a_missing_browser_stops_nobody(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    bootstrap.install_browser()
    assert "will skip; run: sudo apt-get install -y" in capsys.readouterr().out


def test_a_browser_that_is_there_is_not_installed_again(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *_, **__: pytest.fail("installs"))
    bootstrap.install_browser()


def test_rerun_is_left_out_beside_numpy_1(bootstrap, tmp_path, monkeypatch, capsys):
    old = bootstrap.Environment(tmp_path, "humble", ("-c", bootstrap.NUMPY1))
    monkeypatch.setattr(bootstrap, "step", lambda *_, **__: pytest.fail("installs"))
    bootstrap.install_extra(old, "view")
    assert "needs numpy 2" in capsys.readouterr().out


def test_a_missing_display_stops_nobody(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "find_library", lambda name: None if name == "GL" else name)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(bootstrap.Path, "glob", lambda *_: iter(["lvp_icd.json"]))
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    bootstrap.install_display()
    assert "run: sudo apt-get install -y --no-install-recommends libgl1" in capsys.readouterr().out


class TestTorch:
    """Two indexes, one of which has the build that is asked for."""

    @pytest.fixture
    def asked(self, bootstrap, monkeypatch, tmp_path):
        self.has = "nothing"
        commands = []

        def try_pip(_, *arguments):
            commands.append(" ".join(arguments))
            return "" if self.has in commands[-1] else "no matching distribution\n"

        monkeypatch.setattr(bootstrap.Environment, "try_pip", try_pip)
        monkeypatch.setattr(bootstrap, "has_nvidia_driver", lambda: False)
        monkeypatch.setattr(bootstrap.platform, "system", lambda: "Linux")
        monkeypatch.delenv("TORCH_INDEX", raising=False)
        (tmp_path / "train.txt").write_text("scipy>=1\ntorch==2.13.0\ntransformers\n")
        return commands

    def test_the_first_index_that_has_it_is_the_last_one_asked(
        self, bootstrap, environment, asked, tmp_path
    ):
        self.has = "torch==2.13.0+cpu"
        bootstrap.install_torch(environment, tmp_path / "train.txt")
        assert asked == ["torch==2.13.0+cpu"]

    def test_without_a_driver_no_cuda_is_taken_silently(
        self, bootstrap, environment, asked, tmp_path
    ):
        with pytest.raises(
            SystemExit, match=r"^no matching(?s:.)*TORCH_INDEX=pypi takes .* \(3 GB\)"
        ):
            bootstrap.install_torch(environment, tmp_path / "train.txt")
        assert [command.split()[-1] for command in asked] == ["torch==2.13.0+cpu"] * 2

    def test_another_choice_installs_anew(
        self, bootstrap, environment, asked, tmp_path, monkeypatch
    ):
        self.has = "torch"
        for chosen in ("", "", "pypi", "pypi"):
            monkeypatch.setenv("TORCH_INDEX", chosen)
            bootstrap.install_torch(environment, tmp_path / "train.txt")
        assert asked == ["torch==2.13.0+cpu", "torch==2.13.0"]
