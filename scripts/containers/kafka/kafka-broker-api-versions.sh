#!/bin/sh
# kafka-broker-api-versions.sh --bootstrap-server HOST:PORT: asks the broker, as the script of that name does.
exec java -XX:TieredStopAtLevel=1 -Xmx64m -cp '/opt/kafka/libs/*:/opt/kafka/probe' BrokerProbe "$2"
