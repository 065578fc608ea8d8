# What CI runs, and the heavy targets that it does not.
MVN ?= mvn -B -ntp

.PHONY: build test fast format demo clean

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

clean:
	$(MVN) clean
