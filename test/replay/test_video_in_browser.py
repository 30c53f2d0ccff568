"""A browser plays the video of a replay: every picture, in the classes' colours."""

import base64

import pytest

from seg_perception.replay import ReplayOptions, replay

av = pytest.importorskip("av", reason="PyAV is not installed; pip install av")

PLAY = """
(async () => {
  const video = document.querySelector("video");
  const seen = [];
  const look = (_now, frame) => {
    seen.push(frame.mediaTime);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const ended = new Promise((done, failed) => {
    video.onended = done;
    video.onerror = () => failed(new Error(video.error.message));
  });
  await video.play();
  await ended;
  const sought = new Promise((done) => { video.onseeked = done; });
  video.currentTime = 0.35;
  await sought;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const pixel = (x, y) => Array.from(context.getImageData(x, y, 1, 1).data).slice(0, 3);
  return { size: [video.videoWidth, video.videoHeight], length: video.duration, seen,
           left: pixel(60, 60), right: pixel(180, 60) };
})()
"""


def test_a_browser_plays_it_to_its_end(world, browser, tmp_path):
    video, config = tmp_path / "out.mp4", world.config()
    replay(world.bag(), tmp_path / "out.mcap", config, ReplayOptions(video=video))
    page = tmp_path / "page.html"
    data = base64.b64encode(video.read_bytes()).decode()
    page.write_text(f'<video muted src="data:video/mp4;base64,{data}"></video>')
    found = browser.ask_page(page, PLAY, tmp_path / "page.png")
    # Camera and square side by side, three rows of classes below.
    assert found["size"] == [240 + 180, 180 + 60]
    assert found["length"] == pytest.approx(0.4 + 1 / 30, abs=0.01)
    # A busy machine may pass over pictures; those that were shown stand at the stamps' times.
    assert found["seen"]
    assert all(min(abs(at - n / 10) for n in range(5)) < 0.001 for at in found["seen"])
    alpha = config.output.overlay_alpha
    bright = 200 * (1 - alpha) + 255 * alpha
    assert found["left"] == pytest.approx([bright, 0, 0], abs=14)
    assert found["right"] == pytest.approx([0, bright, 0], abs=14)
