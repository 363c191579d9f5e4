using System.Globalization;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Server.Http;
using Flotilla.Server.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Flotilla.Server.Subresources;

/// <summary><c>GET pods/NAME/log</c>: read on the pod's node, streamed through.</summary>
public sealed class LogAnswers(NodeConnections nodes)
{
    private static readonly string[] Options = ["follow", "previous", "sinceSeconds", "sinceTime", "tailLines", "limitBytes", "timestamps", "asWritten"];

    public async Task<ApiAnswer> AnswerAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var place = await nodes.PlaceAsync(path, request["container"], cancellationToken);
        var options = new LogOptions
        {
            Follow = ListQuery.IsTrue(request["follow"]),
            Previous = ListQuery.IsTrue(request["previous"]),
            SinceSeconds = Number(request, "sinceSeconds"),
            SinceTime = Times.Parse(request["sinceTime"])?.UtcDateTime,
            TailLines = Number(request, "tailLines"),
            LimitBytes = Number(request, "limitBytes"),
            Timestamps = ListQuery.IsTrue(request["timestamps"]),
            AsWritten = ListQuery.IsTrue(request["asWritten"]),
        };
        return new ApiAnswer
        {
            ContentType = "text/plain",
            Stream = (output, token) => nodes.StreamsOf(place) is { } here
                ? here.LogsAsync(place.Target, options, output.AsStream(leaveOpen: true), token)
                : nodes.LogsAsync(place, QueryOf(request), output.AsStream(leaveOpen: true), token),
        };
    }

    private static string QueryOf(ApiRequest request) => QueryHelpers.AddQueryString("", Options.Select(name => KeyValuePair.Create(name, request[name])).Where(pair => pair.Value is not null));

    private static long? Number(ApiRequest request, string name)
    {
        if (request[name] is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= 0
            ? value
            : throw Failures.BadRequest($"{name}: Invalid value: \"{text}\": must be a number greater than or equal to 0");
    }
}
