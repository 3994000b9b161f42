"""Train the checkpoint, stage by stage.

    python -m imagine.sketchbook.train all --minutes 22        everything, the time shared out
    python -m imagine.sketchbook.train denoiser --minutes 8    one stage alone

Every stage goes on from where it stopped. The later ones learn from what the earlier ones say: after a stop, name those
that are left, instead of training all once more.

Needs var/sketchbook/art.zip (see data.py). Each stage keeps `state.pt` to go on from, `average.safetensors` for the
next ones, and `samples.png`.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import torch

from imagine.sketchbook.batches import loader
from imagine.sketchbook.data import ART, FOLDER
from imagine.sketchbook.materials import Materials
from imagine.sketchbook.sheets import sheet
from imagine.sketchbook.stages import Autoencoder, Denoiser, Stage, Words
from imagine.sketchbook.weights import Average, save

# In this order, with their shares of the time.
STAGES: dict[str, tuple[type[Stage], float]] = {
    "autoencoder": (Autoencoder, 0.2),
    "words": (Words, 0.3),
    "denoiser": (Denoiser, 0.5),
}
RUN = FOLDER / "run"
WARMING_STEPS = 200
ENDING = 0.2
LEAST_RATE = 0.02
LARGEST_GRADIENT = 1.0
WORKERS_ON_GPU = 12
SECONDS_BETWEEN_SAVES = 120
SECONDS_BETWEEN_LINES = 15


class NotFiniteError(Exception):
    """The loss is no number any more: the rate is too high."""


class Training:
    """A stage with its optimiser, its average and the number of steps that it has made."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.steps = stage, 0
        weights = [one for one in stage.trained.parameters() if one.requires_grad]
        self.optimiser = torch.optim.AdamW(weights, stage.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.average = Average(stage.trained)
        self.folder = stage.folder / stage.name
        self.resume()

    def resume(self) -> None:
        """Go on from the last saved state, when there is one."""
        if (self.folder / "state.pt").exists():
            state = torch.load(self.folder / "state.pt", map_location=self.stage.device, weights_only=True)
            self.stage.trained.load_state_dict(state["weights"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average.values, self.average.steps = state["average"], state["steps"]
            self.steps = state["steps"]

    def save(self) -> None:
        """Keep the state, and the averaged weights by themselves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "weights": self.stage.trained.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.values,
            "steps": self.steps,
        }
        torch.save(state, self.folder / "state.new")
        (self.folder / "state.new").replace(self.folder / "state.pt")
        save(self.folder / "average.safetensors", self.average.values)

    def step(self, batch: Any, left: float) -> torch.Tensor:
        """One batch, when the share `left` of the time is left. Gives the loss, still on the device."""
        for group in self.optimiser.param_groups:
            # Slowly at first, and finer and finer at the end.
            group["lr"] = self.stage.rate * max(min(1.0, (self.steps + 1) / WARMING_STEPS, left / ENDING), LEAST_RATE)
        with torch.autocast(self.stage.device.type, torch.bfloat16):
            loss = self.stage.loss(batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.stage.trained.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.steps += 1
        self.average.follow(self.stage.trained)
        return loss.detach()


def train(stage: Stage, seconds: float, together: int, workers: int, most_steps: int | None = None) -> float:
    """Train for so long, or so many steps, and save. Gives the last loss. Raises NotFiniteError."""
    training, begin = Training(stage), time.monotonic()
    batches = loader(
        stage.materials.batches(together, 1 + training.steps, stage.kin), workers, stage.device.type == "cuda"
    )
    first, told, saved, loss = training.steps, begin, begin, torch.zeros(())
    print(f"{stage.name}: from step {first}, {together} pictures each", flush=True)
    while time.monotonic() - begin < seconds and (most_steps is None or training.steps - first < most_steps):
        loss = training.step(next(batches).to(stage.device), 1 - (time.monotonic() - begin) / seconds)
        now = time.monotonic()
        if now - told > SECONDS_BETWEEN_LINES:
            report(training, loss, (training.steps - first) * together / (now - begin))
            told = now
        if now - saved > SECONDS_BETWEEN_SAVES:
            training.save()
            saved = now
    report(training, loss, (training.steps - first) * together / (time.monotonic() - begin))
    training.save()
    draw_samples(training)
    return float(loss)


def report(training: Training, loss: torch.Tensor, speed: float) -> None:
    """Print how it goes. Raises NotFiniteError."""
    if not torch.isfinite(loss):
        raise NotFiniteError(f"The loss of {training.stage.name} is {float(loss)} at step {training.steps}.")
    print(f"  step {training.steps}  loss {float(loss):.4f}  {speed:.0f} pictures a second", flush=True)


def draw_samples(training: Training) -> None:
    """What the averaged weights draw, on a sheet."""
    training.stage.trained.load_state_dict(training.average.values)
    training.stage.trained.eval()
    # For one batch of another size it is not worth compiling again.
    with torch.compiler.set_stance("force_eager"):
        pictures = training.stage.sample()
    if len(pictures):
        sheet(pictures).save(training.folder / "samples.png")


def prepared(device: torch.device) -> None:
    """Settings of torch for speed."""
    # What cannot be compiled runs as it is.
    torch._dynamo.config.suppress_errors = True
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=("all", *STAGES))
    parser.add_argument("--minutes", type=float, default=22.0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--together", type=int, default=0, help="pictures in a batch; 0 chooses")
    parser.add_argument("--workers", type=int, default=-1, help="processes that make scenes; -1 chooses")
    parser.add_argument("--plain", action="store_true", help="compile nothing")
    parser.add_argument("--art", type=Path, default=ART)
    parser.add_argument("--run", type=Path, default=RUN)
    told = parser.parse_args()
    device = torch.device(told.device)
    on_gpu = device.type == "cuda"
    prepared(device)
    materials = Materials(told.art, device)
    for name, (kind, share) in STAGES.items():
        if told.stage not in ("all", name):
            continue
        stage = kind(materials, told.run)
        if not told.plain:
            stage.compiled()
        together = told.together or (stage.many if on_gpu else stage.few)
        workers = told.workers if told.workers >= 0 else WORKERS_ON_GPU * on_gpu
        train(stage, told.minutes * 60 * (share if told.stage == "all" else 1), together, workers)


if __name__ == "__main__":
    main()
