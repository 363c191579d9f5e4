using Flotilla.Linux.Commands;

namespace Flotilla.Engine.Linux;

/// <summary>The programs of the machine (<c>ip</c>, <c>nft</c>, <c>ps</c>), in its own network.</summary>
internal static class ThisMachine
{
    public static readonly HostCommands Commands = new();
}
