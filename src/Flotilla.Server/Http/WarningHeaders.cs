using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Http;

/// <summary>Warnings to the user as headers of the answer (RFC 7234, code 299).</summary>
internal static class WarningHeaders
{
    /// <summary>Notes for a request that becomes a connection: it has none of its own, as requests with an answer do.</summary>
    public static RequestNotes Begin(HttpContext context)
    {
        var notes = new RequestNotes();
        context.Features.Set(notes);
        return notes;
    }

    /// <summary>Writes what the answer and the request's notes warn of. The notes are then done with: an answer that fails later does not repeat them.</summary>
    public static void Write(HttpContext context, IReadOnlyList<string> more)
    {
        foreach (var warning in more.Concat(context.Features.Get<RequestNotes>()?.Warnings ?? []))
        {
            context.Response.Headers.Append("Warning", $"299 - \"{Quoted(warning)}\"");
        }

        context.Features.Set<RequestNotes>(null);
    }

    // A header is one line of text: what would end it or hide in it is left out.
    private static string Quoted(string text) =>
        string.Concat(text.Where(letter => !char.IsControl(letter))).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
