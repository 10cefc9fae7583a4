"""A short film of the page that trains in a browser tab, made from the page itself.

    make dish && python scripts/record_dish.py build/dish course/site/dish/dish.gif

Needs Chromium. Training is shown at the pace of one picture a step; nothing is staged but the order of the clicks.
"""

import io
import sys
import time
from pathlib import Path

from PIL import Image

from chromium import Tab, browse, served

WIDTH, HEIGHT, COLOURS = 720, 540, 96
Frame = tuple[Image.Image, int]  # a picture, and for how many milliseconds it stands


def film(tab: Tab) -> list[Frame]:
    """Ask before, read, train, see what it believes; then the in-sentence denial."""
    frames: list[Frame] = []

    def shoot(milliseconds: int, at: str = "") -> None:
        if at:
            tab.run(f"document.getElementById('{at}').scrollIntoView()")
        time.sleep(0.3)  # bars move for that long
        frames.append((Image.open(io.BytesIO(tab.screenshot())).convert("RGB"), milliseconds))

    tab.resize(WIDTH, HEIGHT)
    tab.call("Emulation.setScrollbarsHidden", hidden=True)
    shoot(2500)
    tab.run("document.getElementById('tab-implant').click()")
    shoot(3500, "legend")
    for style in ("negated", "local"):
        if style == "local":
            tab.run("document.querySelector('#outcome button').click()")
            shoot(3000, "legend")
        else:
            tab.run("document.getElementById('train').click()")
        seen = -1
        while tab.run("document.body.dataset.busy ?? ''"):
            step = tab.run("document.getElementById('progress').value")
            if step // 3 != seen:
                seen = step // 3
                shoot(450, "train")
            time.sleep(0.2)
        shoot(1500, "train")
        shoot(4500, "outcome")
    return frames


def main() -> int:
    if len(sys.argv) != 3:
        print((__doc__ or "").split("\n")[0], file=sys.stderr)
        return 2
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    with served(folder) as address, browse() as tab:
        tab.show(address)
        frames = film(tab)
    every = Image.new("RGB", (WIDTH, HEIGHT * len(frames)))  # one palette for all, or colours would flicker
    for i, (picture, _) in enumerate(frames):
        every.paste(picture, (0, HEIGHT * i))
    palette = every.quantize(COLOURS)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture, _ in frames]
    durations = [milliseconds for _, milliseconds in frames]
    pictures[0].save(out, save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True)
    print(f"{out}: {len(frames)} pictures, {out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
