import java.nio.file.Files;
import java.nio.file.Path;

/** {@code Engine run|hang|fail <file>}: runs until it is shut down, then writes that to the file. */
public final class Engine {
  private Engine() {}

  public static void main(String[] args) throws Exception {
    if (args[0].equals("fail")) {
      new Thread(() -> sleep(60_000)).start();
      throw new IllegalStateException("the port is taken");
    }
    Path file = Path.of(args[1]);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(args[0], file)));
    if (file.endsWith("pid")) {
      Path written = Files.writeString(file.resolveSibling("pid.written"), String.valueOf(ProcessHandle.current().pid()));
      Files.move(written, file);
    }
    System.out.println("running");
    sleep(60_000);
  }

  private static void shutDown(String how, Path file) {
    if (how.equals("hang")) {
      sleep(60_000);
    }
    try {
      Files.writeString(file, "closed\n");
    } catch (java.io.IOException e) {
      e.printStackTrace();
    }
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
