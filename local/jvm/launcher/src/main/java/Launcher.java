import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * Runs another class's main, and ends the JVM when standard input ends, so that an engine never outlives the process that holds
 * the other end of the pipe, however that process died.
 *
 * <p>{@code java -cp … Launcher <main class> <arguments>}
 */
public final class Launcher {
  /** Shutdown hooks (a broker flushing its logs) get this long; then the JVM is halted. */
  private static final long HALT_AFTER_MS = Long.getLong("launcher.haltAfterMs", 15_000);

  private Launcher() {}

  public static void main(String[] args) throws Exception {
    if (args.length == 0) {
      System.err.println("Launcher: the name of a main class is missing");
      System.exit(64);
    }
    daemon("launcher-stdin", Launcher::exitAtEndOfInput);
    try {
      Class.forName(args[0]).getMethod("main", String[].class).invoke(null, (Object) Arrays.copyOfRange(args, 1, args.length));
    } catch (InvocationTargetException e) {
      // The engine's own error, without the reflection around it. Its threads may still run, so leaving has to be explicit.
      e.getCause().printStackTrace();
      System.exit(1);
    } catch (ClassNotFoundException e) {
      System.err.println("Launcher: class " + args[0] + " is not on the class path");
      System.exit(64);
    }
  }

  private static void exitAtEndOfInput() {
    byte[] ignored = new byte[256];
    try {
      while (System.in.read(ignored) >= 0) {
        // What is written to standard input means nothing; only its end does.
      }
    } catch (IOException e) {
      System.err.println("Launcher: standard input broke (" + e.getMessage() + "), which is taken for its end");
    }
    // Daemon threads go on during shutdown hooks: this one ends a JVM whose hooks hang.
    daemon("launcher-halt", Launcher::haltLater);
    System.exit(0);
  }

  private static void haltLater() {
    try {
      Thread.sleep(HALT_AFTER_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    System.err.println("Launcher: shutdown took longer than " + HALT_AFTER_MS + " ms, halting");
    Runtime.getRuntime().halt(1);
  }

  private static void daemon(String name, Runnable run) {
    Thread thread = new Thread(run, name);
    thread.setDaemon(true);
    thread.start();
  }
}
