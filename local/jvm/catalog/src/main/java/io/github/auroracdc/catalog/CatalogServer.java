package io.github.auroracdc.catalog;

import java.net.InetAddress;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Apache's Iceberg REST catalog over a folder, for the loopback interface only: it asks nobody who they are.
 *
 * <p>{@code CatalogServer --port <0 for any> --warehouse file:///…}; prints {@code ready <port>} when it listens.
 */
public final class CatalogServer {
  private CatalogServer() {}

  public static void main(String[] args) throws Exception {
    String warehouse = option(args, "--warehouse");
    Server server = start(Integer.parseInt(option(args, "--port")), warehouse);
    System.out.println("ready " + port(server));
    server.join();
  }

  static Server start(int port, String warehouse) throws Exception {
    TableLocks locks = new TableLocks();
    LocalCatalog catalog = new LocalCatalog(warehouse, locks);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(new RESTCatalogServlet(new SerializedCommits(catalog, locks))), "/*");
    context.addServlet(new ServletHolder(new MaintenanceServlet(catalog, locks)), "/maintenance/*");

    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    Server server = new Server(threads);
    ServerConnector connector = new ServerConnector(server, 1, 1);
    connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
    connector.setPort(port);
    server.addConnector(connector);
    server.setHandler(context);
    server.setStopAtShutdown(true);
    server.start();
    return server;
  }

  static int port(Server server) {
    return ((ServerConnector) server.getConnectors()[0]).getLocalPort();
  }

  private static String option(String[] args, String name) {
    for (int i = 0; i + 1 < args.length; i++) {
      if (args[i].equals(name)) {
        return args[i + 1];
      }
    }
    System.err.println("CatalogServer: " + name + " is missing; usage: CatalogServer --port <port> --warehouse file:///<folder>");
    System.exit(64);
    return null;
  }
}
