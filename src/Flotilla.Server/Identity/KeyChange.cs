namespace Flotilla.Server.Identity;

/// <summary>How the servers of a cluster get a new key: each is given the first form of the file, then each the second.</summary>
/// <param name="FileName">In the directory of each server's identity.</param>
/// <param name="Known">With the new key behind the one in use: what others make with it can be read.</param>
/// <param name="Used">With the new key first.</param>
public sealed record KeyChange(string FileName, string Known, string Used);
