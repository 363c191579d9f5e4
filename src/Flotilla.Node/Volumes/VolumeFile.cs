namespace Flotilla.Node.Volumes;

/// <summary>One file of a volume made from API objects.</summary>
/// <param name="Path">Relative to the volume, may name folders.</param>
/// <param name="Owner">User id; null: root.</param>
/// <param name="Group">null: root's, or the pod's fsGroup.</param>
internal sealed record VolumeFile(string Path, byte[] Content, UnixFileMode Mode, long? Owner = null, long? Group = null);
