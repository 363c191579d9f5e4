using Flotilla.Ingress.Proxying;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Policies;

internal readonly record struct Header(string Name, string Value);

/// <summary>Headers that are set, added or taken away.</summary>
internal sealed record HeaderChange(
    bool OfRequest, IReadOnlyList<Header> Set, IReadOnlyList<Header> Add, IReadOnlyList<string> Remove) : IMessageChange
{
    private static readonly HashSet<string> OfContent = new(StringComparer.OrdinalIgnoreCase)
    {
        "Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-MD5", "Content-Range",
        "Content-Type", "Expires", "Last-Modified",
    };

    public void OnRequest(Exchange exchange, HttpRequestMessage request)
    {
        if (!OfRequest)
        {
            return;
        }

        foreach (var name in Remove)
        {
            RemoveFrom(request, name);
        }

        foreach (var header in Set)
        {
            RemoveFrom(request, header.Name);
            AddTo(request, header);
        }

        foreach (var header in Add)
        {
            AddTo(request, header);
        }
    }

    public void OnResponse(Exchange exchange)
    {
        if (OfRequest)
        {
            return;
        }

        var headers = exchange.Context.Response.Headers;
        foreach (var name in Remove)
        {
            headers.Remove(name);
        }

        foreach (var header in Set)
        {
            headers[header.Name] = header.Value;
        }

        foreach (var header in Add)
        {
            headers.Append(header.Name, header.Value);
        }
    }

    private static void RemoveFrom(HttpRequestMessage request, string name)
    {
        if (OfContent.Contains(name))
        {
            request.Content?.Headers.Remove(name);
        }
        else
        {
            request.Headers.Remove(name);
        }
    }

    private static void AddTo(HttpRequestMessage request, Header header)
    {
        if (OfContent.Contains(header.Name))
        {
            request.Content?.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
        else
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
    }
}
