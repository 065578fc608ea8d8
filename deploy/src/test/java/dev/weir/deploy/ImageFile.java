package dev.weir.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a Dockerfile says of the image that it makes: its last stage's instructions, and the line
 * that makes its Java.
 *
 * @param entrypoint the command that the arguments are added to
 * @param environment the variables that it sets
 * @param user whom it runs as
 * @param bases the images that it is made from
 * @param jlink the command that makes the Java runtime, up to where it is put
 */
record ImageFile(
    List<String> entrypoint,
    Map<String, String> environment,
    String user,
    List<String> bases,
    List<String> jlink) {

  /** Reads a Dockerfile of this repository. */
  static ImageFile read(Path file) {
    List<String> entrypoint = List.of();
    Map<String, String> environment = new TreeMap<>();
    String user = "root";
    List<String> bases = new ArrayList<>();
    List<String> jlink = List.of();
    String joined = Repository.read(file).replace("\\\n", " ");
    for (String line : joined.lines().map(String::strip).toList()) {
      String rest = line.substring(line.indexOf(' ') + 1).strip();
      if (line.startsWith("FROM ")) {
        bases.add(rest.split(" ")[0]);
        environment.clear();
      } else if (line.startsWith("ENV ")) {
        for (String pair : rest.split("\\s+")) {
          environment.put(
              pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
      } else if (line.startsWith("USER ")) {
        user = rest;
      } else if (line.startsWith("ENTRYPOINT ")) {
        entrypoint = words(rest);
      } else if (line.startsWith("RUN jlink ")) {
        List<String> command = Arrays.asList(rest.split("\\s+"));
        jlink = List.copyOf(command.subList(0, command.indexOf("--output")));
      }
    }
    return new ImageFile(
        entrypoint, Map.copyOf(environment), user, List.copyOf(bases), List.copyOf(jlink));
  }

  private static List<String> words(String json) {
    try {
      return new ObjectMapper().readValue(json, new TypeReference<List<String>>() {});
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(json + " is not in the exec form", e);
    }
  }
}
