using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Local;

namespace Flotilla.Upgrades;

/// <summary>
/// What an upgrade of a server is about, on disk before the old program is ended: whoever finds it when nobody works on it knows
/// that the one who did was killed, and what it takes to go back.
/// </summary>
/// <param name="Old">The words that run the program of before.</param>
/// <param name="Wanted">The same of the one that takes over.</param>
/// <param name="Before">The data of before.</param>
/// <param name="Backup">Of that data.</param>
internal sealed record UpgradeJournal(IReadOnlyList<string> Old, IReadOnlyList<string> Wanted, DataStamp Before, string Backup)
{
    private const string FileName = "upgrade.json";

    /// <summary>Null: no upgrade was begun that has not ended.</summary>
    public static UpgradeJournal? Load(string dataDirectory)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(dataDirectory, FileName)), JournalJson.Default.UpgradeJournal);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public static void Forget(string dataDirectory) => File.Delete(Path.Combine(dataDirectory, FileName));

    /// <summary>Only one upgrades a cluster at a time; the kernel releases it with the process, however that ends.</summary>
    /// <exception cref="UserError">Another does.</exception>
    public static IDisposable Lock(string dataDirectory)
    {
        try
        {
            return new FileStream(Path.Combine(dataDirectory, "upgrade.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new UserError("An upgrade of this cluster is under way; wait until it has ended.");
        }
    }

    public void Save(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        using (var file = File.Create(path + ".new"))
        {
            JsonSerializer.Serialize(file, this, JournalJson.Default.UpgradeJournal);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }
}

[JsonSerializable(typeof(UpgradeJournal))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class JournalJson : JsonSerializerContext;
