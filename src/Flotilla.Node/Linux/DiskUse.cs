namespace Flotilla.Node.Linux;

/// <summary>What a directory tree takes on its disk, as <c>du</c> counts.</summary>
internal readonly record struct DiskUse(long Bytes, long Files)
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true, ReturnSpecialDirectories = false };

    public static DiskUse Of(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? new DiskUse(Native.BlocksOf(path) * 512, 1) : default;
        }
        var (blocks, files) = (Native.BlocksOf(path), 1L);
        try
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(path, "*", Everything))
            {
                blocks += Native.BlocksOf(entry);
                files++;
            }
        }
        catch (IOException)
        {
            // The tree changes as it is walked: what has been counted is near enough.
        }
        return new DiskUse(blocks * 512, files);
    }

    public static DiskUse operator +(DiskUse left, DiskUse right) => new(left.Bytes + right.Bytes, left.Files + right.Files);
}
