using System.Globalization;
using Flotilla.Client.Streams;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <summary>Logs, exec, attach and port-forward, as the API server asks a node for them.</summary>
internal sealed class StreamRoutes(INodeStreams streams)
{
    public IEnumerable<NodeRoute> All =>
    [
        new("/containerLogs/", LogsAsync),
        new("/exec/", context => CommandAsync(context, attach: false)),
        new("/attach/", context => CommandAsync(context, attach: true)),
        new("/portForward/", ForwardAsync),
    ];

    private async Task LogsAsync(HttpContext context)
    {
        if (Target(context) is not { Container: not null } target)
        {
            await Answers.TextAsync(context, "{\"message\": \"Missing required container name.\"}", StatusCodes.Status400BadRequest);
            return;
        }
        var query = context.Request.Query;
        var options = new LogOptions
        {
            Follow = IsTrue(query["follow"]),
            Previous = IsTrue(query["previous"]),
            Timestamps = IsTrue(query["timestamps"]),
            AsWritten = IsTrue(query["asWritten"]),
            TailLines = Number(query["tailLines"]),
            LimitBytes = Number(query["limitBytes"]),
            SinceSeconds = Number(query["sinceSeconds"]),
            SinceTime = DateTime.TryParse(query["sinceTime"], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var since) ? since : null,
        };
        context.Response.ContentType = "text/plain; charset=utf-8";
        await streams.LogsAsync(target, options, context.Response.Body, context.RequestAborted);
    }

    private async Task CommandAsync(HttpContext context, bool attach)
    {
        if (Target(context) is not { } target)
        {
            await Answers.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
            return;
        }
        var query = context.Request.Query;
        bool Asked(string first, string second) => IsTrue(query[first]) || IsTrue(query[second]);
        var options = new ExecOptions([.. query["command"].Select(word => word ?? "")], Asked("input", "stdin"), Asked("output", "stdout"), Asked("error", "stderr"), IsTrue(query["tty"]));
        await RemoteCommandEndpoint.HandleAsync(context, streams, target, options, attach);
    }

    private Task ForwardAsync(HttpContext context) => Target(context) is { } target
        ? PortForwardEndpoint.HandleAsync(context, streams, target)
        : Answers.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);

    // /VERB/NAMESPACE/POD[/UID][/CONTAINER]
    private static PodTarget? Target(HttpContext context) => context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
    {
        [_, var space, var pod] => new PodTarget(space, pod),
        [_, var space, var pod, var container] => new PodTarget(space, pod, container),
        [_, var space, var pod, _, var container] => new PodTarget(space, pod, container),
        _ => null,
    };

    private static bool IsTrue(string? text) => text is "1" or "true" or "True" or "TRUE" or "t" or "T";

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
