using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <summary>The agent's health and settings, and the machine's own logs.</summary>
internal sealed class MachineRoutes(NodeOptions options)
{
    private const string LogDirectory = "/var/log";

    public IEnumerable<NodeRoute> All =>
    [
        new("/healthz", context => Answers.TextAsync(context, "ok")),
        new("/healthz/ping", context => Answers.TextAsync(context, "ok")),
        new("/healthz/log", context => Answers.TextAsync(context, "ok")),
        new("/healthz/syncloop", context => Answers.TextAsync(context, "ok")),
        new("/configz", context => Answers.JsonAsync(context, new JsonObject { ["kubeletconfig"] = AgentConfiguration.Of(options) })),
        new("/logs/", LogsAsync),
    ];

    private static async Task LogsAsync(HttpContext context)
    {
        var below = context.Request.Path.Value!["/logs".Length..].TrimStart('/');
        var path = Path.GetFullPath(Path.Combine(LogDirectory, below));
        if (path != LogDirectory && !path.StartsWith(LogDirectory + "/", StringComparison.Ordinal))
        {
            path = "";
        }
        if (Directory.Exists(path))
        {
            await ListAsync(context, path);
        }
        else if (File.Exists(path))
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.SendFileAsync(path, context.RequestAborted);
        }
        else
        {
            await Answers.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
        }
    }

    // Links of a listing are relative: without the slash they would lead beside it.
    private static async Task ListAsync(HttpContext context, string directory)
    {
        if (!context.Request.Path.Value!.EndsWith('/'))
        {
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = Path.GetFileName(context.Request.Path.Value) + "/";
            return;
        }
        var page = new StringBuilder("<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n");
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var name = entry is DirectoryInfo ? entry.Name + "/" : entry.Name;
            page.Append("<a href=\"").Append(Uri.EscapeDataString(entry.Name)).Append(entry is DirectoryInfo ? "/" : "").Append("\">").Append(WebUtility.HtmlEncode(name)).Append("</a>\n");
        }
        await Answers.TextAsync(context, page.Append("</pre>\n").ToString(), type: "text/html; charset=utf-8");
    }
}
