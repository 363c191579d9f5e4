using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Logs;

/// <summary>A line of a container's log.</summary>
internal sealed record LogEntry([property: JsonPropertyName("log")] string Text, [property: JsonPropertyName("stream")] string Stream, [property: JsonPropertyName("time")] DateTime Time)
{
    public static readonly JsonSerializerOptions Format = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [JsonIgnore]
    public byte Kind => Stream == "stderr" ? Frame.Error : Frame.Output;

    /// <returns>null: it was cut off.</returns>
    public static LogEntry? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<LogEntry>(line, Format);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A line of what the runtime writes for pods: time, stream, whether the line is whole, text.</summary>
    public static LogEntry? ParseRuntime(string line)
    {
        var words = line.Split(' ', 4);
        return words.Length == 4 && DateTime.TryParse(words[0], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var at)
            ? new LogEntry(words[2] == "P" ? words[3] : words[3] + "\n", words[1], at) : null;
    }

    public Frame ToFrame(bool withTime, string details) => new(Kind, Encoding.UTF8.GetBytes((withTime ? Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture) + " " : "") + details + Text));
}
