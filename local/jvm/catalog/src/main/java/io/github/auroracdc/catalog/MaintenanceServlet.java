package io.github.auroracdc.catalog;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What S3 Tables does by itself, on demand. Both wait for the table's commits and hold off later ones.
 *
 * <p>{@code POST /maintenance/compact?table=ns.t&mode=small|full}, {@code POST /maintenance/expire?table=ns.t&retainLast=n&olderThanMs=age}
 */
final class MaintenanceServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(MaintenanceServlet.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final transient LocalCatalog catalog;
  private final transient TableLocks locks;

  MaintenanceServlet(LocalCatalog catalog, TableLocks locks) {
    this.catalog = catalog;
    this.locks = locks;
  }

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
    try {
      answer(response, 200, run(request));
    } catch (NoSuchTableException e) {
      answer(response, 404, error(404, e));
    } catch (IllegalArgumentException e) {
      answer(response, 400, error(400, e));
    } catch (RuntimeException e) {
      LOG.error("{} failed", request.getRequestURI(), e);
      answer(response, 500, error(500, e));
    }
  }

  private ObjectNode run(HttpServletRequest request) {
    TableIdentifier identifier = TableIdentifier.parse(parameter(request, "table", null));
    String action = String.valueOf(request.getPathInfo());
    ReentrantLock lock = locks.of(identifier);
    lock.lock();
    try {
      long started = System.nanoTime();
      Table table = catalog.loadTable(identifier);
      ObjectNode result = JSON.createObjectNode().put("table", identifier.toString());
      switch (action) {
        case "/compact" -> result.setAll((ObjectNode) JSON.valueToTree(Compaction.run(table, mode(request))));
        case "/expire" -> result.setAll((ObjectNode) JSON.valueToTree(expire(table, request)));
        default -> throw new IllegalArgumentException("No maintenance is named " + action + ": compact or expire");
      }
      return result.put("elapsedMs", (System.nanoTime() - started) / 1_000_000);
    } finally {
      lock.unlock();
    }
  }

  private static Expiry.Outcome expire(Table table, HttpServletRequest request) {
    long retainLast = number(request, "retainLast", 1, 1);
    return Expiry.run(table, Math.toIntExact(retainLast), number(request, "olderThanMs", 0, 0));
  }

  private static Compaction.Mode mode(HttpServletRequest request) {
    String mode = parameter(request, "mode", "small");
    if (!mode.equals("small") && !mode.equals("full")) {
      throw new IllegalArgumentException("mode is " + mode + ": small or full");
    }
    return Compaction.Mode.valueOf(mode.toUpperCase(Locale.ROOT));
  }

  private static long number(HttpServletRequest request, String name, long otherwise, long least) {
    String text = parameter(request, name, String.valueOf(otherwise));
    if (!text.matches("\\d{1,15}") || Long.parseLong(text) < least) {
      throw new IllegalArgumentException(name + " is " + text + ": a whole number of at least " + least);
    }
    return Long.parseLong(text);
  }

  private static String parameter(HttpServletRequest request, String name, String otherwise) {
    String value = request.getParameter(name);
    if (value == null && otherwise == null) {
      throw new IllegalArgumentException("The parameter " + name + " is missing");
    }
    return value == null ? otherwise : value;
  }

  /** The shape of the REST catalog's own errors. */
  private static ObjectNode error(int code, Exception e) {
    ObjectNode body = JSON.createObjectNode();
    body.putObject("error").put("message", String.valueOf(e.getMessage())).put("type", e.getClass().getSimpleName()).put("code", code);
    return body;
  }

  private static void answer(HttpServletResponse response, int status, ObjectNode body) throws IOException {
    response.setStatus(status);
    response.setContentType("application/json");
    JSON.writeValue(response.getOutputStream(), body);
  }
}
