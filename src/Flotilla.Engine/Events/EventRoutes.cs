using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Events;

/// <summary><c>docker events</c>: a JSON object a line, headers at once.</summary>
internal sealed class EventRoutes(EventLog log, TimeProvider time)
{
    private static readonly byte[] LineEnd = "\n"u8.ToArray();

    public IEnumerable<Route> All => [new("GET", "/events", (request, _) => Task.FromResult(Answer(request)))];

    private DockerAnswer Answer(DockerRequest request)
    {
        var filters = EventFilters.Parse(request.Query("filters"));
        var since = TimeWords.Parse(request.Query("since"), "since");
        var until = TimeWords.Parse(request.Query("until"), "until");
        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = DockerAnswer.JsonType;
            await response.Body.FlushAsync(token);
            var (past, future) = log.Listen();
            try
            {
                using var bounded = CancellationTokenSource.CreateLinkedTokenSource(token);
                foreach (var happened in past.Where(happened => since is not null && happened.At >= since && (until is null || happened.At <= until) && EventFilters.Show(filters, happened)))
                {
                    await WriteAsync(response.Body, happened, token);
                }

                if (until is { } end)
                {
                    var left = end - time.GetUtcNow().UtcDateTime;
                    if (left <= TimeSpan.Zero)
                    {
                        return;
                    }

                    bounded.CancelAfter(left);
                }

                await foreach (var happened in future.Reader.ReadAllAsync(bounded.Token))
                {
                    if (EventFilters.Show(filters, happened))
                    {
                        await WriteAsync(response.Body, happened, token);
                    }
                }
            }
            catch (OperationCanceledException) when (!token.IsCancellationRequested)
            {
                // The time that was asked for is over.
            }
            finally
            {
                log.Forget(future);
            }
        });
    }

    private static async Task WriteAsync(Stream body, EngineEvent happened, CancellationToken cancellationToken)
    {
        await body.WriteAsync(WireJson.Bytes(happened.View()), cancellationToken);
        await body.WriteAsync(LineEnd, cancellationToken);
        await body.FlushAsync(cancellationToken);
    }
}
