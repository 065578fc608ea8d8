# What CI runs, and the heavy targets that it does not.
MVN ?= mvn -B -ntp

.PHONY: build test fast format demo peers peers-quick golden speed peers-venv clean

PEERS_VENV ?= $(CURDIR)/benchmarks/peers/.venv
export PEERS_VENV

build: ## compile everything and put the command line together
	$(MVN) -DskipTests package

test: ## the README's test command
	$(MVN) verify

fast: ## unit tests only, no broker and no native training
	$(MVN) test

format: ## google-java-format
	$(MVN) spotless:apply

demo: ## the whole loop on the sample
	./weir demo --once

# Heavy targets; benchmarks/README.md says what they prove. They need Python, the product does not.
peers-venv:
	benchmarks/peers/setup.sh

peers: build peers-venv ## equality with transformers, PEFT and ONNX Runtime
	$(PEERS_VENV)/bin/python benchmarks/peers/prove.py

peers-quick: build peers-venv ## the same on tiny models
	$(PEERS_VENV)/bin/python benchmarks/peers/prove.py --quick

golden: build peers-venv ## the golden vectors of the Java tests
	$(PEERS_VENV)/bin/python benchmarks/peers/golden.py

speed: build ## training against PEFT; options in SPEED
	benchmarks/speed.sh $(SPEED)

clean:
	$(MVN) clean
