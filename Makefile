# What CI runs, and the heavy targets that it does not.
MVN ?= mvn -B -ntp

.PHONY: build test fast test-http-contract test-kubernetes sbom vulnerabilities dependency-updates format test-console test-monitoring test-deploy test-containers screenshots references demo peers peers-quick golden speed steps memory cycles loop probe recipe kafka-latency bench-serving bench-fairness bench-recovery fuzz jmh soak peers-venv clean

PEERS_VENV ?= $(CURDIR)/benchmarks/peers/.venv
export PEERS_VENV

build: ## compile everything and put the command line together
	$(MVN) -DskipTests package

test: ## the README's test command
	$(MVN) verify

fast: ## unit tests only, no broker and no native training
	$(MVN) test

sbom: build ## what the command line and the services are built from, in CycloneDX
	@echo services/standalone/target/weir/sbom.json

vulnerabilities: ## each artifact that ships, held against the dated list in security/
	$(MVN) -pl services/standalone -am verify -Dtest=KnownVulnerabilitiesTest -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dit.test=ShippedArtifactsIT -Dfailsafe.failIfNoSpecifiedTests=false
	@cat services/standalone/target/vulnerabilities.txt

# What comes before a release would hide the release that is wanted.
UNFINISHED = (?i).*[-.](alpha|beta|cr|m|rc|preview|ea)[-.]?\d*.*
VERSIONS = org.codehaus.mojo:versions-maven-plugin:2.19.1

dependency-updates: ## newer versions of dependencies, of imported BOMs and what they manage, and of plugins, from Maven Central
	$(MVN) $(VERSIONS):display-property-updates $(VERSIONS):display-dependency-updates $(VERSIONS):display-plugin-updates \
	  -DprocessDependencyManagementTransitive=true '-Dmaven.version.ignore=$(UNFINISHED)'

test-deploy: ## Compose and Kubernetes files against schemas, code and running processes; Linux, as root
	MVN="$(MVN)" deploy/test.sh

test-containers: ## the image built and run, Compose up and taught, tests on a Kafka container; heavy, not CI; Linux, as root or with Docker; PARTS
	MVN="$(MVN)" scripts/containers.sh

test-kubernetes: ## every overlay applied to a real API server, built from its Go module; heavy (the first build takes many minutes), not CI
	scripts/kubernetes.sh

references: ## docs/settings.md, topics.md and asyncapi.yaml anew from the code
	-$(MVN) -q -pl services/standalone -am test -Dtest=ReferencesTest -Dsurefire.failIfNoSpecifiedTests=false
	cp services/standalone/target/references/* docs/

format: ## google-java-format
	$(MVN) spotless:apply

test-monitoring: ## dashboards, alerts and rules against a real Prometheus; installs it where that is possible
	MVN="$(MVN)" scripts/prometheus.sh

test-http-contract: build ## requests made from /openapi.yaml (schemathesis, three seeds) against ./weir up; SEEDS
	scripts/http-contract.sh $(SEEDS)

test-console: ## the console in a headless Chromium, on the whole loop
	MVN="$(MVN)" scripts/browser.sh '*BrowserIT'

screenshots: ## docs/images, from the console in a headless Chromium
	MVN="$(MVN)" scripts/browser.sh ScreenshotsIT

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

# These take labeled texts of your own: JSON lines with text and label.
DATA ?= ../shared/data/sst2-train.jsonl
EVAL ?= ../shared/data/sst2-dev.jsonl
LONG ?= ../shared/data/imdb-train.jsonl

steps: ## 10,000 optimizer steps without one that is not finite; the JSON says steps and nonFiniteSteps; options in STEPS
	./weir train --data $(DATA) --eval $(EVAL) --batch-size 4 --epochs 7 --patience 7 --out target/steps --json $(STEPS)

memory: ## peak memory at 512 tokens and batches of 16
	./weir train --data $(LONG) --eval $(EVAL) --max-tokens 512 --batch-size 16 --epochs 1 --out target/memory --json

cycles: build ## 200 trainings in one process, and whether its memory grows
	OMP_WAIT_POLICY=PASSIVE java -Xms1g -Xmx1g -XX:+AlwaysPreTouch -Dai.djl.offline=true -DOPT_OUT_TRACKING=true \
	  -cp "benchmarks/target/classes:services/standalone/target/weir/lib/*" dev.weir.benchmarks.TrainingCycles $(DATA) 200

GENERAL ?= ../shared/data/amazon.jsonl
FRESH ?= ../shared/data/yelp.jsonl
NARROW ?= ../shared/data/sst2-train.jsonl

loop: build ## the whole loop on bge-small: a batch's way to its adapters in seconds, and 2,000 narrow examples against the frozen set
	OMP_WAIT_POLICY=PASSIVE java -XX:MaxRAMPercentage=40 -Dai.djl.offline=true -DOPT_OUT_TRACKING=true \
	  -cp "benchmarks/target/classes:services/standalone/target/weir/lib/*" dev.weir.benchmarks.LoopTimes $(GENERAL) $(FRESH) $(NARROW) 6 2000

kafka-latency: build ## what Kafka adds to an answer, at default and tuned settings; reviews/s, seconds, rounds in LATENCY
	java -Xms512m -Xmx512m -cp "benchmarks/target/classes:services/standalone/target/weir/lib/*" dev.weir.benchmarks.kafka.KafkaLatency $(LATENCY)

bench-serving: build ## Kafka and HTTP between a ceiling, a naive loop and peers; options in BENCH
	MVN="$(MVN)" benchmarks/serving.sh $(BENCH)

bench-fairness: build ## a single text's latency beside clients that post 1,000 texts each; options in FAIRNESS
	OMP_WAIT_POLICY=PASSIVE $(BENCH_JAVA) -Xmx1g dev.weir.benchmarks.fairness.FairnessBenchmark --out benchmarks/results/fairness.json $(FAIRNESS)

FUZZ_RECORDS = $(or $(RECORDS),1000000)

fuzz: ## hostile records and requests for a whole loop, and what holds afterwards; RECORDS, SEED; BASE=tiny for the tests' small model
	$(MVN) -pl services/standalone -am verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false \
	  -Dit.test=HostileInputIT -Dfailsafe.failIfNoSpecifiedTests=false -Dweir.fuzz.records=$(FUZZ_RECORDS) \
	  -Dweir.fuzz.seed=$(or $(SEED),$(shell date +%s)) -Dweir.fuzz.base=$(or $(BASE),default) \
	  "-Dweir.fuzz.heap=-Xms3g -Xmx3g -XX:+AlwaysPreTouch"

BENCH_JAVA = java -Dai.djl.offline=true -DOPT_OUT_TRACKING=true $(JAVA_OPTS) -cp "benchmarks/target/classes:$$(cat benchmarks/target/classpath)"

bench-recovery: build ## how long the services are away after kill -9, a clean restart and a freeze; options in RECOVERY
	rm -f services/standalone/target/weir/built && ./weir --version
	OMP_WAIT_POLICY=PASSIVE $(BENCH_JAVA) -Xmx512m dev.weir.benchmarks.recovery.RecoveryBenchmark $(RECOVERY)

jmh: build ## the parts of the hot path; options of JMH in JMH
	$(BENCH_JAVA) org.openjdk.jmh.Main $(JMH)

# A heap of fixed size that is touched beforehand: only native memory is left to move.
soak: build ## 5,000 swaps under load; options in SOAK
	$(BENCH_JAVA) -Xms1g -Xmx1g -XX:+AlwaysPreTouch dev.weir.benchmarks.soak.SwapSoak $(SOAK)

REVIEWS ?= ../shared/data
RECIPE = OMP_WAIT_POLICY=PASSIVE java -Xmx4g -Dai.djl.offline=true -DOPT_OUT_TRACKING=true \
  -cp "benchmarks/target/classes:services/standalone/target/weir/lib/*" dev.weir.benchmarks.RecipeTable
CORES ?= $(shell nproc)

probe: build ## what a head refresh learns from few labels: 16 draws from training files, scored on the rows that were not drawn
	$(subst RecipeTable,HeadRefreshDraws,$(RECIPE)) $(REVIEWS)/sst2-train.jsonl 16,100,1000 16 $(CORES) 128
	$(subst RecipeTable,HeadRefreshDraws,$(RECIPE)) $(REVIEWS)/amazon.jsonl 16,100 16 $(CORES) 256
	$(subst RecipeTable,HeadRefreshDraws,$(RECIPE)) $(REVIEWS)/imdb-train.jsonl 16,100,1000 16 $(CORES) 512

recipe: build ## head refresh and LoRA by the recipe on whole test files, 3 seeds: hours on 2 cores
	$(RECIPE) amazon-yelp $(REVIEWS)/amazon.jsonl $(REVIEWS)/yelp.jsonl 0 3 $(CORES) benchmarks/results/recipe-amazon-yelp.json
	$(RECIPE) sst2 $(REVIEWS)/sst2-train.jsonl $(REVIEWS)/sst2-dev.jsonl 100,1000,0 3 $(CORES) benchmarks/results/recipe-sst2.json WEIR_TRAIN_MAX_TOKENS=128
	$(RECIPE) imdb $(REVIEWS)/imdb-train.jsonl $(REVIEWS)/imdb-test.jsonl 16,100,1000 3 $(CORES) benchmarks/results/recipe-imdb.json WEIR_TRAIN_MAX_TOKENS=512
	$(RECIPE) imdb $(REVIEWS)/imdb-train.jsonl $(REVIEWS)/imdb-test.jsonl 3000 1 $(CORES) benchmarks/results/recipe-imdb-3000.json WEIR_TRAIN_MAX_TOKENS=512

clean:
	$(MVN) clean
