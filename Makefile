# make run   the main job: a prompt in, a moving face out (a film in out/), and words back
# make test  the test suite
# make checkpoint  the whole road to the embedded checkpoint (hours; resumes where it stopped)
# make benchmarks  every benchmark, one after another, and one table of their figures
# make fuzz  every reader on 110,000 damaged files
# make soak  2,000 generations, memory watched

VENV ?= .venv
PYTHON ?= python3
RUNS ?= runs
PROMPT = The woman speaks in short bursts with a strong surprised look, nodding twice.
BIN = $(VENV)/bin
# Khronos' own check of .glb files; the test that uses it is skipped without npm.
GLTF_VALIDATOR = gltf-validator@2.0.0-dev.3.10

.PHONY: run test lint checkpoint benchmarks fuzz soak clean

# torch first, pinned: a plain torch may bring several GB of GPU libraries along.
$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[render]'
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,test]'
	if command -v npm >/dev/null; then npm install --silent --no-save --prefix $(VENV)/node $(GLTF_VALIDATOR); fi
	touch $@

run: $(VENV)/.run
	$(BIN)/tdmm generate "$(PROMPT)" --duration 5 --seed 3 --out out
	$(BIN)/tdmm describe out/the-woman-speaks-in-short-bursts-with-a.csv

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest

# Freed memory is kept for the next step (glibc): training on a CPU is faster by a seventh.
checkpoint: export MALLOC_MMAP_MAX_ = 0
checkpoint: export MALLOC_TRIM_THRESHOLD_ = 100000000000
checkpoint: export MALLOC_TOP_PAD_ = 268435456
checkpoint: $(VENV)/.test
	$(BIN)/tdmm corpus build --config recipes/corpus.yaml --out $(RUNS)/corpus
	$(BIN)/tdmm train-tokenizer --config recipes/tokenizer.yaml --corpus $(RUNS)/corpus --out $(RUNS)/motion-tokenizer
	$(BIN)/tdmm train-lm --config recipes/tiny.yaml --corpus $(RUNS)/corpus --tokenizer $(RUNS)/motion-tokenizer --out $(RUNS)/tdmm-lm-first
	$(BIN)/tdmm train-lm --config recipes/tiny_faces.yaml --backbone $(RUNS)/tdmm-lm-first --corpus $(RUNS)/corpus --tokenizer $(RUNS)/motion-tokenizer --out $(RUNS)/tdmm-lm-tiny

benchmarks: $(VENV)/.test
	for name in corpus dataset realism tokenizer adherence description splits latency leads render live demo caption_judge evaluator fitting kinematic_judge generation training_speed tokenizer_peers; do $(BIN)/python benchmarks/$$name.py || exit 1; done
	$(BIN)/python benchmarks/summary.py

fuzz: $(VENV)/.test
	$(BIN)/python benchmarks/fuzz.py --inputs 110000

soak: $(VENV)/.test
	$(BIN)/python benchmarks/soak.py

clean:
	rm -rf $(VENV) build dist out
