package io.github.auroracdc.catalog;

import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.rest.HTTPRequest;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTResponse;
import org.apache.iceberg.rest.requests.CommitTransactionRequest;
import org.apache.iceberg.rest.requests.UpdateTableRequest;
import org.apache.iceberg.rest.responses.ErrorResponse;

/**
 * Apache's adapter with the tables of a transaction locked from loading to committing. Without it a transaction that meets another
 * commit in between is answered with success and lost: the adapter's retry starts from the other's metadata without the changes.
 */
final class SerializedCommits extends RESTCatalogAdapter {
  private final TableLocks locks;

  SerializedCommits(Catalog catalog, TableLocks locks) {
    super(catalog);
    this.locks = locks;
  }

  @Override
  protected <T extends RESTResponse> T execute(
      HTTPRequest request, Class<T> responseType, Consumer<ErrorResponse> onError, Consumer<Map<String, String>> onHeaders) {
    if (!(request.body() instanceof CommitTransactionRequest)) {
      return super.execute(request, responseType, onError, onHeaders);
    }
    List<ReentrantLock> taken =
        ((CommitTransactionRequest) request.body())
            .tableChanges().stream().map(UpdateTableRequest::identifier).distinct().sorted((a, b) -> a.toString().compareTo(b.toString())).map(locks::of).toList();
    taken.forEach(ReentrantLock::lock);
    try {
      return super.execute(request, responseType, onError, onHeaders);
    } finally {
      taken.forEach(ReentrantLock::unlock);
    }
  }
}
