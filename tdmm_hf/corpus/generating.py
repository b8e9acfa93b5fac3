"""Prompts to videos: a table of jobs, one clip each, in a folder that a stopped run goes on in.

    tdmm corpus generate-videos --count 1000 --generator embedded --out videos

    videos/
      build.json       what the clips are made with
      jobs.sqlite      the table of jobs
      clips/KEY.mp4
      records/KEY.json all that is known of a clip: prompt, seed, captions, attributes, generator
      report.json      what was made and what failed, with errors

A clip counts once its record is there, which is written last. Prompts come from the prompt suite,
balanced over categories as in a performed corpus, or from a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from ..files import replacing
from ..prompts.attributes import Attributes
from ..prompts.suite import MAX_DURATION
from ..prompts.video_prompts import VideoPrompt, video_prompt
from ..prompts.wording import captions, describe
from ..settings import CorpusSettings, VideoSettings, claim
from ..video.generators import get_generator
from .engines import Outcome, Running, Verdict, open_engine, run_jobs
from .jobs import Job, JobTable
from .splits import SPLITS, draw

SETTINGS_FILE = "build.json"
JOBS_FILE = "jobs.sqlite"
REPORT_FILE = "report.json"
CLIPS, RECORDS = "clips", "records"
SEEDS = 2**32
USUAL_SECONDS = 5.0
EXTENSIBLE = ("count", "held_out")  # settings that may change when a run goes on

Done = Callable[[Outcome, bool], None]


@dataclass(frozen=True)
class Request:
    """A clip that is asked for.

    Args:
        prompt, seed, attributes: what the generator gets.
        texts, descriptions: captions of the row that comes of it, the main text first.
        split: of the corpus.
    """

    prompt: VideoPrompt
    seed: int
    attributes: Attributes | None
    texts: list[str]
    descriptions: list[str]
    split: str


def suite_jobs(settings: VideoSettings) -> Iterator[Job]:
    """Clips of the prompt suite: ``count`` of train, ``held_out`` of validation and test each."""
    counts = {"train": settings.count, "validation": settings.held_out, "test": settings.held_out}
    for split, count in counts.items():
        for number in range(count):
            yield Job(f"{split}-{number:07d}", {"split": split, "number": number})


def suite_request(settings: VideoSettings, split: str, number: int) -> Request:
    """Clip ``number`` of a split: depends on the settings, split and number alone."""
    attributes, rng = draw(_suite(settings), split, number)
    seed = int(rng.integers(SEEDS))
    return Request(
        prompt=video_prompt(attributes, rng),
        seed=seed,
        attributes=attributes,
        texts=captions(attributes, rng, settings.captions),
        descriptions=[describe(attributes, rng) for _ in range(settings.descriptions)],
        split=split,
    )


def _suite(settings: VideoSettings) -> CorpusSettings:
    """The corpus whose performances are drawn; all are long ones where one length is asked for."""
    if not settings.duration:
        return CorpusSettings(clips=1, seed=settings.seed, long_share=0.0)
    seconds = float(settings.duration)
    return CorpusSettings(
        clips=1, seed=settings.seed, long_share=1.0, long_min=seconds, long_max=seconds
    )


def file_jobs(path: Path) -> Iterator[Job]:
    """Prompts of a file: a text of one prompt a line, or .jsonl with an object a line.

    An object has ``prompt``, and may have ``negative_prompt``, ``duration``, ``seed``, ``texts``,
    ``descriptions``, ``attributes`` and ``split``.

    Raises:
        ValueError: a line that breaks a rule; names it.
    """
    objects = path.suffix.lower() == ".jsonl"
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            task = json.loads(line) if objects else {"prompt": line.strip()}
            file_request(VideoSettings(), number, task)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path.name}, line {number}: no prompt ({error})") from error
        yield Job(f"prompt-{number:07d}", {"line": number, **task})


FIELDS = {
    "line": int, "prompt": str, "negative_prompt": str, "duration": (int, float), "seed": int,
    "texts": list, "descriptions": list, "attributes": dict, "split": str,
}  # fmt: skip


def file_request(settings: VideoSettings, number: int, task: dict) -> Request:
    """The clip that a line of a file asks for.

    Raises:
        ValueError: the object breaks a rule.
    """
    if not isinstance(task, dict) or not str(task.get("prompt") or "").strip():
        raise ValueError(f"an object must have a prompt, got {task!r:.100}")
    for name, value in task.items():
        if name not in FIELDS:
            raise ValueError(f"fields are {', '.join(FIELDS)}, got {name!r}")
        if not isinstance(value, FIELDS[name]):
            raise ValueError(f"{name} is of another kind, got {value!r:.100}")
    attributes = Attributes.from_dict(task["attributes"]) if "attributes" in task else None
    usual = attributes.duration if attributes else settings.duration or USUAL_SECONDS
    duration = float(task.get("duration", usual))
    if not 0 < duration <= MAX_DURATION:
        raise ValueError(f"duration must be within 0..{MAX_DURATION:g} s, got {duration}")
    if (split := task.get("split", "train")) not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    drawn = np.random.default_rng([settings.seed, number]).integers(SEEDS)
    return Request(
        prompt=VideoPrompt(task["prompt"], task.get("negative_prompt", ""), duration),
        seed=task.get("seed", int(drawn)),
        attributes=attributes,
        texts=task.get("texts", [task["prompt"]]),
        descriptions=task.get("descriptions", []),
        split=split,
    )


@dataclass(frozen=True)
class GenerateTask:
    """Make the clip of a job, in a worker.

    Args:
        folder: of the run.
        settings: of the run.
        options: of the generator.
    """

    folder: Path
    settings: VideoSettings
    options: dict = field(default_factory=dict)

    def __call__(self, job: Job) -> Verdict:
        record = self.folder / RECORDS / f"{job.key}.json"
        clip = self.folder / CLIPS / f"{job.key}.mp4"
        if record.exists() and clip.exists():
            return _verdict(json.loads(record.read_text(encoding="utf-8")))
        request = self.request(job.task)
        video = _generator(self.settings.generator, json.dumps(self.options)).generate(
            request.prompt, request.seed, clip, request.attributes
        )
        found = {
            "key": job.key,
            "video": f"{CLIPS}/{clip.name}",
            **asdict(request),
            "prompt": request.prompt._asdict(),
            "frames": video.frames,
            "fps": video.fps,
            "generator": video.generator,
            "settings": video.settings,
        }
        with replacing(record) as beside:
            beside.write_text(json.dumps(found, indent=1), encoding="utf-8")
        return _verdict(found)

    def request(self, task: dict) -> Request:
        if "number" in task:
            return suite_request(self.settings, task["split"], task["number"])
        return file_request(self.settings, task["line"], task)


def _verdict(record: dict) -> Verdict:
    return Verdict({"frames": record["frames"], "seconds": record["frames"] / record["fps"]})


@cache
def _generator(name: str, options: str):
    """The generator, with its models, once for each process; options are JSON."""
    return get_generator(name, **json.loads(options))


@dataclass(frozen=True)
class Report:
    """What a run has come to: counts of jobs, seconds of clips, and what is not among them.

    Args:
        counts: jobs in each state.
        seconds: of clips that are done.
        failed: clips that failed for good: key, error, attempts.
        rejected: clips with the reasons for which they are not used.
    """

    counts: dict[str, int]
    seconds: float
    failed: list[dict]
    rejected: list[dict]

    @classmethod
    def of(cls, table: JobTable) -> Report:
        done = (record.result for record in table.records("done"))
        return cls(
            counts=table.counts(),
            seconds=round(sum(result["seconds"] for result in done), 2),
            failed=[
                {"clip": one.job.key, "error": one.error, "attempts": one.attempts}
                for one in table.records("failed")
            ],
            rejected=[
                {"clip": one.job.key, **(one.result or {})} for one in table.records("rejected")
            ],
        )

    @cached_property
    def total(self) -> int:
        return sum(self.counts.values())

    def write(self, path: Path) -> None:
        with replacing(path) as beside:
            beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def generate_videos(
    settings: VideoSettings,
    out: str | Path,
    running: Running,
    prompts: str | Path | None = None,
    options: dict | None = None,
    retry: bool = False,
    progress: bool = True,
) -> Report:
    """Make the videos of a run, or finish one that was begun; larger counts add to it.

    Args:
        settings: which prompts, which generator.
        out: the run's folder.
        running: engine and workers.
        prompts: a file of prompts in place of the suite's.
        options: of the generator.
        retry: try again what failed for good.
        progress: show clips per second.

    Raises:
        ValueError: an unknown generator or option, a folder of other settings, bad prompts, or not
            one clip could be made.
        OSError: the disk is full, or the folder cannot be written.
    """
    out = Path(out)
    options = options or {}
    generator = get_generator(settings.generator, **options)
    task = GenerateTask(out.resolve(), settings, options)
    jobs = list(suite_jobs(settings) if prompts is None else file_jobs(Path(prompts)))
    _check(jobs, task, generator)
    (out / CLIPS).mkdir(parents=True, exist_ok=True)
    (out / RECORDS).mkdir(exist_ok=True)
    wanted = {k: v for k, v in asdict(settings).items() if k not in EXTENSIBLE}
    origin = "suite" if prompts is None else "file"
    claim(out / SETTINGS_FILE, {**wanted, "prompts": origin, "options": options}, "videos of")
    return run_table(out, jobs, task, running, "generate", retry, progress)


def _check(jobs: list[Job], task: GenerateTask, generator) -> None:
    """``ValueError`` where there is nothing to do, or a generator has nothing to perform."""
    if not jobs:
        raise ValueError("there must be at least one prompt, got none")
    if generator.needs_attributes:
        for job in jobs:
            if "number" not in job.task and "attributes" not in job.task:
                raise ValueError(
                    f"the generator {task.settings.generator!r} performs attributes, {job.key} "
                    "has none: use prompts of the suite, or .jsonl with attributes"
                )


def run_table(
    folder: Path, jobs: list[Job], task, running: Running, verb: str, retry: bool, progress: bool
) -> Report:
    """Do the jobs of a folder's table that wait; the report is written however that ends.

    Raises:
        ValueError: another process works on the folder, or not one job came to anything.
        OSError: the disk is full.
    """
    from tqdm import tqdm

    with JobTable(folder / JOBS_FILE) as table:
        table.add(jobs)
        for left in folder.glob("*/.*.part"):  # of killed workers
            left.unlink(missing_ok=True)
        if retry:
            table.retry_failed()
        counts = table.counts()
        total, waiting = sum(counts.values()), counts["waiting"]
        bar = tqdm(
            total=total, initial=total - waiting, unit="clip", desc=verb, disable=not progress
        )
        try:
            if waiting:
                with bar, open_engine(running, task) as engine:
                    run_jobs(engine, table, lambda _, last: bar.update(int(last)))
        finally:
            report = Report.of(table)
            report.write(folder / REPORT_FILE)
    if report.counts["failed"] == report.total:
        first = report.failed[0]
        raise ValueError(
            f"not one of {report.total} clips came of it, {first['clip']}: {first['error']}"
        )
    return report
