using System.Text.Json.Serialization;
using Flotilla.Storage;

namespace Flotilla.Backups;

/// <summary>Whose backup it is and of when.</summary>
/// <param name="Revision">Of the newest write that is in it.</param>
internal sealed record BackupManifest(DateTimeOffset TakenAt, string Version, string NodeName, long Revision, int Objects);

/// <summary>A whole control plane: its objects as they are stored (Secrets encrypted), and the keys and settings it needs besides.</summary>
/// <param name="Files">By their paths in the data directory.</param>
/// <param name="State">Read one by one, each time anew: it may be far larger than memory.</param>
internal sealed record BackupContent(BackupManifest Manifest, IReadOnlyDictionary<string, byte[]> Files, IEnumerable<StoredEntry> State);

[JsonSerializable(typeof(BackupManifest))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class BackupJson : JsonSerializerContext;
