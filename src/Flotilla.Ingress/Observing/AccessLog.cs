using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Ingress.Observing;

/// <summary>
/// One line a request, appended to a file by one writer. When the disk is slower than the requests lines are dropped, and
/// a line says how many. A file that was moved away is begun anew.
/// </summary>
internal sealed class AccessLog(string path, TimeProvider time) : BackgroundService
{
    private const int QueueLength = 10_000;
    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(QueueLength) { SingleReader = true });
    private long dropped;

    public void Write(HttpContext context, Exchange? exchange, TimeSpan took)
    {
        if (!lines.Writer.TryWrite(LineFor(context, exchange, took, time.GetUtcNow())))
        {
            Interlocked.Increment(ref dropped);
        }
    }

    /// <summary>As ingress-nginx writes it, as far as it is known here.</summary>
    public static string LineFor(HttpContext context, Exchange? exchange, TimeSpan took, DateTimeOffset now)
    {
        var request = context.Request;
        var backend = exchange?.Backend?.Backend?.Key.ToString() ?? "-";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Exchange.ClientOf(context)} - {exchange?.User ?? "-"} [{now:dd/MMM/yyyy:HH:mm:ss zzz}] \"{request.Method} {Clean(request.Path + request.QueryString.Value)} {request.Protocol}\" {context.Response.StatusCode} {context.Response.ContentLength?.ToString(CultureInfo.InvariantCulture) ?? "-"} \"{Clean(request.Headers.Referer.ToString())}\" \"{Clean(request.Headers.UserAgent.ToString())}\" {request.ContentLength ?? 0} {took.TotalSeconds:0.000} [{backend}] {exchange?.Destination?.Endpoint ?? "-"} {Clean(request.Host.Value ?? "")} {exchange?.RequestId ?? "-"}");
    }

    /// <summary>Writes what waits, and then ends. Lines of requests that come later are lost: stop the listeners first.</summary>
    public override Task StopAsync(CancellationToken cancellationToken)
    {
        lines.Writer.TryComplete();
        return ExecuteTask?.WaitAsync(cancellationToken) ?? Task.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await lines.Reader.WaitToReadAsync(CancellationToken.None))
        {
            await AppendAsync();
        }
    }

    private async Task AppendAsync()
    {
        var text = new StringBuilder();
        while (text.Length < 1 << 16 && lines.Reader.TryRead(out var line))
        {
            text.Append(line).Append('\n');
        }

        if (Interlocked.Exchange(ref dropped, 0) is > 0 and var lost)
        {
            text.Append(CultureInfo.InvariantCulture, $"# {lost} lines were dropped: the disk is too slow\n");
        }

        try
        {
            await File.AppendAllTextAsync(path, text.ToString());
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            // Requests matter more than their log.
            Interlocked.Increment(ref dropped);
        }
    }

    /// <summary>Nobody writes lines of their own into the log.</summary>
    private static string Clean(string text) =>
        text.Length == 0 ? "-"
        : text.AsSpan().IndexOfAny('"', '\n', '\r') < 0 ? text
        : text.Replace("\"", "\\x22", StringComparison.Ordinal).Replace("\n", "\\x0A", StringComparison.Ordinal).Replace("\r", "\\x0D", StringComparison.Ordinal);
}
