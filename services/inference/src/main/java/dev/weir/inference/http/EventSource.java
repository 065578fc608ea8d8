package dev.weir.inference.http;

import dev.weir.inference.feed.TopicFeed;

/**
 * A feed that clients may listen to.
 *
 * @param name the feed's name in {@code ?feeds=} and in the ids of events
 * @param feed the topic
 * @param naming what its records are called as events
 */
record EventSource(String name, TopicFeed feed, EventFrame.Naming naming) {}
