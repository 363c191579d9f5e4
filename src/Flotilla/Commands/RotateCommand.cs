using System.CommandLine;
using Flotilla.Composition;
using Flotilla.Server.Identity;

namespace Flotilla.Commands;

/// <summary>New keys for old: what the old ones made stays readable and valid.</summary>
internal static class RotateCommand
{
    public static Command Create()
    {
        var command = new Command("rotate", "Make a new key; the server uses it from its next start.")
        {
            Key("encryption-key", "encryption.key", "The key that Secrets are encrypted with at rest.", identity => identity.RotateEncryptionKey(), "Secrets are rewritten with it then."),
            Key("token-key", "service-accounts.key", "The key that service account tokens are signed with.", identity => identity.RotateTokenKey(), "Tokens signed with the keys before it stay valid."),
        };
        return command;
    }

    private static Command Key(string name, string file, string description, Action<ClusterIdentity> rotate, string what)
    {
        var command = new Command(name, description);
        var flags = ClusterFlags.Find(command);
        command.SetAction(parsed =>
        {
            var settings = flags.ReadServer(parsed);
            rotate(ControlPlane.IdentityFor(settings, TimeProvider.System));
            Console.WriteLine($"There is a new {name}; it comes into use when the server starts next. {what}");
            if (settings.Datastore.IsEtcd)
            {
                Console.WriteLine($"Copy {Path.Combine(settings.IdentityDirectory, file)} to every other server before any of them starts again: they must be able to read what this one writes.");
            }
        });
        return command;
    }
}
