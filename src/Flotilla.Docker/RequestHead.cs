using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Docker;

/// <summary>The first lines of an HTTP/1.1 request.</summary>
internal sealed record RequestHead(string Method, string Target, IReadOnlyDictionary<string, string> Headers, int Length)
{
    public bool AsksForUpgrade => Headers.TryGetValue("Upgrade", out var protocol) && protocol.Equals("tcp", StringComparison.OrdinalIgnoreCase);

    public long ContentLength => Headers.TryGetValue("Content-Length", out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : 0;

    /// <param name="text">Without the empty line at its end.</param>
    /// <returns>null: that is no request.</returns>
    public static RequestHead? Parse(string text)
    {
        var lines = text.Split("\r\n");
        var words = lines[0].Split(' ');
        if (words.Length != 3)
        {
            return null;
        }

        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                headers[line[..colon]] = line[(colon + 1)..].Trim();
            }
        }

        return new RequestHead(words[0], words[1], headers, text.Length + 4);
    }

    public HttpContext Context(byte[] body)
    {
        var query = Target.IndexOf('?', StringComparison.Ordinal);
        var context = new DefaultHttpContext();
        context.Request.Method = Method;
        context.Request.Path = PathString.FromUriComponent(query < 0 ? Target : Target[..query]);
        context.Request.QueryString = query < 0 ? QueryString.Empty : new QueryString(Target[query..]);
        foreach (var (name, value) in Headers)
        {
            context.Request.Headers[name] = value;
        }

        context.Request.Body = new MemoryStream(body, writable: false);
        context.Response.Body = new MemoryStream();
        return context;
    }
}
