using System.Text.Json;
using Flotilla.Api;

namespace Flotilla.Node.Linux;

/// <summary>What the agent must know after its own restart, as JSON: a file is there whole or not at all.</summary>
internal static class StateFile
{
    private static readonly JsonSerializerOptions Options = new(ObjectJson.Options) { PropertyNameCaseInsensitive = true };

    /// <returns>null: there is none, or it cannot be read.</returns>
    public static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Options);
        }
        catch (Exception missing) when (missing is IOException or JsonException)
        {
            return null;
        }
    }

    public static void Write<T>(string path, T value)
        where T : class
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(value, Options));
        File.Move(path + ".new", path, overwrite: true);
    }
}
