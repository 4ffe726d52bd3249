import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each test launches {@link Engine}, an engine as small as can be, in a JVM of its own. */
@Timeout(30)
class LauncherTest {
  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  @Test
  void anEngineEndsCleanlyWhenItsInputEnds() throws Exception {
    Process engine = launch("Engine", "run");
    assertEquals("running", firstLine(engine));
    engine.getOutputStream().close();
    assertEquals(0, exitCode(engine));
    assertEquals("closed\n", output(), "the shutdown hook did not run");
  }

  @Test
  void whatIsWrittenToTheInputDoesNotEndIt() throws Exception {
    Process engine = launch("Engine", "run");
    assertEquals("running", firstLine(engine));
    engine.getOutputStream().write(new byte[1000]);
    engine.getOutputStream().flush();
    assertTrue(!engine.waitFor(500, TimeUnit.MILLISECONDS));
  }

  @Test
  void anEngineWhoseShutdownHangsIsHalted() throws Exception {
    Process engine = launch("Engine", "hang");
    assertEquals("running", firstLine(engine));
    engine.getOutputStream().close();
    assertEquals(1, exitCode(engine));
    assertTrue(errors().contains("shutdown took longer than 700 ms"), errors());
  }

  @Test
  void anEngineThatFailsEndsWithItsOwnError() throws Exception {
    Process engine = launch("Engine", "fail");
    assertEquals(1, exitCode(engine));
    assertTrue(errors().startsWith("java.lang.IllegalStateException: the port is taken"), errors());
  }

  @Test
  void aClassThatIsNotThereIsNamed() throws Exception {
    assertEquals(64, exitCode(launch("no.such.Engine")));
    assertEquals("Launcher: class no.such.Engine is not on the class path\n", errors());
  }

  @Test
  void anEngineDoesNotOutliveAKilledParent() throws Exception {
    // A shell holds the pipe, as the supervisor does; the engine is its child.
    Path pid = folder.resolve("pid");
    String command = "tail -f /dev/null | " + String.join(" ", command("Engine", "run", pid.toString())) + " > /dev/null & wait";
    Process parent = new ProcessBuilder("sh", "-c", command).redirectError(folder.resolve("stderr").toFile()).start();
    started.add(parent);
    while (!Files.exists(pid)) {
      Thread.sleep(20);
    }
    ProcessHandle engine = ProcessHandle.of(Long.parseLong(Files.readString(pid))).orElseThrow();
    ProcessHandle holder = parent.descendants().filter(process -> process.info().command().orElse("").endsWith("tail")).findFirst().orElseThrow();
    holder.destroyForcibly();
    engine.onExit().get(10, TimeUnit.SECONDS);
  }

  private Process launch(String... args) throws IOException {
    Process process =
        new ProcessBuilder(command(Stream.concat(Stream.of(args), Stream.of(folder.resolve("output").toString())).toArray(String[]::new)))
            .redirectError(folder.resolve("stderr").toFile())
            .start();
    started.add(process);
    return process;
  }

  private static List<String> command(String... args) {
    List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Dlauncher.haltAfterMs=700", "-cp", System.getProperty("java.class.path"), "Launcher"));
    command.addAll(List.of(args));
    return command;
  }

  private static String firstLine(Process process) throws IOException {
    BufferedReader reader = process.inputReader();
    return reader.readLine();
  }

  private static int exitCode(Process process) throws InterruptedException {
    assertTrue(process.waitFor(20, TimeUnit.SECONDS), "it still runs");
    return process.exitValue();
  }

  private String output() throws IOException {
    return Files.readString(folder.resolve("output"));
  }

  private String errors() throws IOException {
    return Files.readString(folder.resolve("stderr"));
  }
}
