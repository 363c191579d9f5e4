namespace Flotilla.Engine.Volumes.Local;

/// <summary>The words of <c>o=</c> as mount(2) takes them. Pure.</summary>
/// <param name="Flags">Without those of propagation.</param>
/// <param name="Propagation">0: as it comes.</param>
/// <param name="Data">What the file system reads itself.</param>
internal sealed record MountOptions(ulong Flags, ulong Propagation, string Data)
{
    public const ulong ReadOnly = 1;
    public const ulong Remount = 32;
    public const ulong Bind = 4096;
    private const ulong Recursive = 16384;
    private const ulong Unbindable = 1 << 17;
    private const ulong Private = 1 << 18;
    private const ulong Slave = 1 << 19;
    private const ulong Shared = 1 << 20;
    private const ulong Propagations = Unbindable | Private | Slave | Shared;

    private static readonly Dictionary<string, (ulong Flag, bool Clears)> Words = new(StringComparer.Ordinal)
    {
        ["ro"] = (ReadOnly, false), ["rw"] = (ReadOnly, true),
        ["nosuid"] = (2, false), ["suid"] = (2, true),
        ["nodev"] = (4, false), ["dev"] = (4, true),
        ["noexec"] = (8, false), ["exec"] = (8, true),
        ["sync"] = (16, false), ["async"] = (16, true),
        ["remount"] = (Remount, false),
        ["mand"] = (64, false), ["nomand"] = (64, true),
        ["dirsync"] = (128, false),
        ["noatime"] = (1024, false), ["atime"] = (1024, true),
        ["nodiratime"] = (2048, false), ["diratime"] = (2048, true),
        ["bind"] = (Bind, false), ["rbind"] = (Bind | Recursive, false),
        ["unbindable"] = (Unbindable, false), ["runbindable"] = (Unbindable | Recursive, false),
        ["private"] = (Private, false), ["rprivate"] = (Private | Recursive, false),
        ["slave"] = (Slave, false), ["rslave"] = (Slave | Recursive, false),
        ["shared"] = (Shared, false), ["rshared"] = (Shared | Recursive, false),
        ["relatime"] = (1 << 21, false), ["norelatime"] = (1 << 21, true),
        ["strictatime"] = (1 << 24, false), ["nostrictatime"] = (1 << 24, true),
    };

    public bool IsReadOnlyBind => (Flags & (Bind | ReadOnly)) == (Bind | ReadOnly);

    public static MountOptions Parse(string text)
    {
        ulong flags = 0;
        List<string> data = [];
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Words.TryGetValue(word, out var known))
            {
                data.Add(word);
            }
            else
            {
                flags = known.Clears ? flags & ~known.Flag : flags | known.Flag;
            }
        }

        var propagation = flags & Propagations;
        return new MountOptions(flags & ~Propagations, propagation == 0 ? 0 : propagation | (flags & Recursive), string.Join(',', data));
    }
}
