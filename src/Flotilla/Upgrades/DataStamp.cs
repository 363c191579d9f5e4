using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Backups;
using Flotilla.Local;
using Flotilla.Storage;

namespace Flotilla.Upgrades;

/// <summary>Of which version the data in a data directory is, and which program wrote it last.</summary>
internal sealed record DataStamp(int DataVersion, string Program)
{
    private const string FileName = "version.json";

    /// <summary>Without a file the data is from before there was one.</summary>
    public static DataStamp Load(string dataDirectory)
    {
        var file = Path.Combine(dataDirectory, FileName);
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), StampJson.Default.DataStamp)! : new DataStamp(1, "0.1.0");
        }
        catch (JsonException failure)
        {
            throw new UserError($"{file} is damaged ({failure.Message}); it must hold the version of the data, like {{\"dataVersion\":{Product.DataVersion},\"program\":\"{Product.Number}\"}}.");
        }
    }

    /// <summary>
    /// A server makes the data its own, which nobody else has open: data of an older version is backed up before it is
    /// changed, data of a newer one is left alone.
    /// </summary>
    /// <returns>The backup; null: none was needed.</returns>
    /// <exception cref="UserError">A newer program wrote it.</exception>
    public static string? Enter(ClusterSettings settings, TimeProvider time)
    {
        var found = Load(settings.DataDirectory);
        if (found.DataVersion > Product.DataVersion)
        {
            throw new UserError(
                $"The data in {settings.DataDirectory} is of version {found.DataVersion}, written by Flotilla {found.Program}; this is {Product.Number}, which knows version {Product.DataVersion} at most. "
                + "Use the newer program, or restore a backup from before into another directory with 'flotilla restore'.");
        }

        var backup = found.DataVersion < Product.DataVersion && File.Exists(settings.Database) ? Backup(settings, time) : null;
        new DataStamp(Product.DataVersion, Product.Number).Save(settings.DataDirectory);
        return backup;
    }

    private static string Backup(ClusterSettings settings, TimeProvider time)
    {
        using var state = SqliteDump.Open(settings.Database);
        return new BackupFolder(settings, time).Take(state);
    }

    public void Save(string dataDirectory)
    {
        var file = Path.Combine(dataDirectory, FileName);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(this, StampJson.Default.DataStamp));
        File.Move(file + ".new", file, overwrite: true);
    }
}

[JsonSerializable(typeof(DataStamp))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class StampJson : JsonSerializerContext;
