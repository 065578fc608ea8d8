package dev.weir.standalone.cli;

import picocli.CommandLine.Command;

/**
 * The root when the first argument names a service. A service that comes back after a crash must
 * not wait for the options of all the other commands to be read by reflection.
 */
@Command(
    name = "weir",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {CurationCommand.class, TrainerCommand.class, InferenceCommand.class})
public final class ServicesCommand {}
